// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/resilience/permitted_call.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

enum class circuit_state : std::uint8_t {
    closed,       ///< calls pass and are counted
    open,         ///< calls are refused until `open_for` is over
    half_open,    ///< a few calls pass as probes, the others are refused
    disabled,     ///< calls pass and aren't counted
    metrics_only, ///< calls pass and are counted; the circuit never opens
    forced_open,  ///< calls are refused until an operator says otherwise
};

/// Why the state changed.
enum class circuit_reason : std::uint8_t {
    failure_rate,   ///< too many calls or probes failed
    slow_call_rate, ///< too many of them were slow
    open_time_over, ///< `open_for` has passed
    probes_passed,  ///< all probes returned, and few enough failed or were slow
    probe_timeout,  ///< probes didn't return in time, which counts as failed
    requested,      ///< reset(), force_open(), disable(), metrics_only()
};

/// As in metrics and logs: `half_open`. Static strings.
std::string_view name(circuit_state state) noexcept;
std::string_view name(circuit_reason reason) noexcept;

struct circuit_breaker_event {
    enum class type : std::uint8_t { state_transition, not_permitted };

    type what = type::state_transition;
    std::string_view breaker{};                     ///< its name
    circuit_state from = circuit_state::closed;     ///< of a call that wasn't permitted: the state
    circuit_state to = circuit_state::closed;       ///< the same
    circuit_reason why = circuit_reason::requested; ///< of a transition
    double failure_rate = 0;                        ///< of the calls or probes that were counted before it, 0 to 1
    double slow_call_rate = 0;                      ///< the same
    time_point half_open_at = time_point::max();    ///< of a transition to open: when it ends
};

enum class window_kind : std::uint8_t {
    calls, ///< the last `window_calls` calls
    time,  ///< the calls of the last `window_time`
};

struct circuit_breaker_options {
    std::string name = "circuit_breaker"; ///< for events, metrics and logs

    double failure_rate = 0.5;                      ///< opens when reached; more than 0, at most 1
    double slow_call_rate = 1.0;                    ///< the same for slow calls
    duration slow_call_duration = duration::max();  ///< longer ones are slow; max(): none is
    window_kind window = window_kind::calls;        ///< which calls the rates are of
    std::uint32_t window_calls = 100;               ///< 1 to 100,000
    duration window_time = std::chrono::minutes(1); ///< 1 ms to 24 h
    std::uint32_t minimum_calls = 20;               ///< no rate of fewer; never more than window_calls

    duration open_for = std::chrono::seconds(30);     ///< until probes are let through; max(): for ever
    double open_backoff = 1.0;                        ///< factor each time that probes fail again; 1 to 10
    duration max_open_for = std::chrono::minutes(10); ///< what the backoff leads to at most
    double open_jitter = 0;                           ///< a part of that time, added or taken away; 0 to 1
    std::uint32_t probes = 10;                        ///< calls in half_open, which all return before it closes
    /// Probes that are still out count as failed when none has begun for so long; max(): never.
    duration probe_timeout = std::chrono::minutes(1);

    /// What counts against the dependency; one that throws says yes. None given: unavailable, deadline_exceeded,
    /// internal and unknown. Every other error shows that it works and counts as a success, but errc::cancelled,
    /// which shows nothing and gives the permit back.
    std::function<bool(const error&)> counts_as_failure{};
    /// Called on the thread of the call that caused it, without a lock, so it may use the breaker; events of several
    /// threads come in any order. An exception out of it is counted in the stats and goes no further.
    std::function<void(const circuit_breaker_event&)> on_event{};
    std::function<double()> random{}; ///< for the jitter, from 0 up to 1, on any thread; none given: the system's
    const weir::clock* time = &system_clock(); ///< outlives the breaker
};

struct circuit_breaker_stats {
    circuit_state state = circuit_state::closed;
    std::uint64_t calls = 0; ///< counted now: in the window, or probes that returned; as the next four
    std::uint64_t failures = 0;
    std::uint64_t slow_calls = 0;
    double failure_rate = 0; ///< 0 to 1, however few the calls are
    double slow_call_rate = 0;
    std::uint64_t total_succeeded = 0; ///< over all time, as the rest
    std::uint64_t total_failed = 0;
    std::uint64_t total_slow = 0;       ///< of those two
    std::uint64_t total_given_back = 0; ///< permits without an outcome
    std::uint64_t total_late = 0;       ///< outcomes of calls that had begun in an earlier state
    std::uint64_t total_not_permitted = 0;
    std::uint64_t total_opened = 0;
    std::uint64_t total_events_failed = 0; ///< on_event threw
};

/// Refuses calls to a dependency that fails or is slow, and lets a few through after a while to see whether it works
/// again: Resilience4j's states and windows (https://resilience4j.readme.io/docs/circuitbreaker). Process-wide and
/// thread-safe; outlives its calls and permits. Has no timer: a state whose time is over ends at the next call, or
/// at update(). What began in an earlier state doesn't count in a later one.
///
///     auto found = co_await breaker.run([&] { return users.find(id); });
class circuit_breaker {
    struct machine;

public:
    /// Leave to make one call. Says once how it ended; dropped without that, it gives its place back.
    class permit;

    /// Throws std::invalid_argument for an option out of its range.
    explicit circuit_breaker(circuit_breaker_options options = {});
    circuit_breaker(const circuit_breaker&) = delete;
    circuit_breaker& operator=(const circuit_breaker&) = delete;
    ~circuit_breaker();

    /// Yields what `f` yields as a result. Where the circuit doesn't permit the call: errc::unavailable, code
    /// `circuit_open`, with the seconds left as retry_after. Cancellation is for `f`.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return resilience::detail::run_permitted<circuit_breaker, std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// A permit for a call that isn't made by run(), or the same error.
    result<permit> try_acquire() noexcept;

    circuit_state state() const noexcept;
    circuit_breaker_stats stats() const;
    const std::string& name() const noexcept;

    /// Makes the transition that time has brought, where no call comes: from a timer at `half_open_at`.
    void update() noexcept;

    /// Closes the circuit and forgets all calls.
    void reset() noexcept;
    /// These hold until reset() or another one of them.
    void force_open() noexcept;
    void disable() noexcept;
    void metrics_only() noexcept;

private:
    std::unique_ptr<machine> machine_;
};

class [[nodiscard]] circuit_breaker::permit {
public:
    permit(permit&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), generation_(other.generation_), began_(other.began_) {}
    permit& operator=(permit&& other) noexcept {
        std::swap(from_, other.from_);
        std::swap(generation_, other.generation_);
        std::swap(began_, other.began_);
        return *this;
    }
    ~permit() {
        if (from_) give_back();
    }

    /// The first one counts.
    void succeed() noexcept;
    /// `counts_as_failure` says what it counts as.
    void fail(const error& why) noexcept;

private:
    friend class circuit_breaker;

    permit(machine* from, std::uint64_t generation, time_point began) noexcept
        : from_(from), generation_(generation), began_(began) {}

    void give_back() noexcept;

    machine* from_; // null: nothing to say any more, or the circuit is disabled
    std::uint64_t generation_;
    time_point began_;
};

} // namespace weir
