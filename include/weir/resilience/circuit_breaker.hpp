// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/resilience/detail/permitted_call.hpp>

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
    open,         ///< calls are refused until `open_for` has passed
    half_open,    ///< a few calls pass as probes, the others are refused
    disabled,     ///< calls pass and aren't counted
    metrics_only, ///< calls pass and are counted; the circuit never opens
    forced_open,  ///< calls are refused until the state is changed by hand
};

/// Why the state changed.
enum class circuit_reason : std::uint8_t {
    failure_rate,   ///< too many calls or probes failed
    slow_call_rate, ///< too many of them were slow
    open_time_over, ///< `open_for` has passed
    probes_passed,  ///< all probes returned, with acceptable rates
    probe_timeout,  ///< probes didn't return in time, which counts as failed
    requested,      ///< reset(), force_open(), disable(), metrics_only()
};

/// The name in metrics and logs, such as `half_open`. Static strings.
std::string_view name(circuit_state state) noexcept;
std::string_view name(circuit_reason reason) noexcept;

struct circuit_breaker_event {
    enum class type : std::uint8_t { state_transition, not_permitted };

    type what = type::state_transition;
    std::string_view breaker{};                     ///< the breaker's name
    circuit_state from = circuit_state::closed;     ///< for not_permitted: the current state
    circuit_state to = circuit_state::closed;       ///< for not_permitted: the current state
    circuit_reason why = circuit_reason::requested; ///< of a transition
    double failure_rate = 0;                        ///< of the calls or probes counted before it, 0 to 1
    double slow_call_rate = 0;                      ///< likewise
    time_point half_open_at = time_point::max();    ///< of a transition to open: when that state ends
};

enum class window_kind : std::uint8_t {
    calls, ///< the last `window_calls` calls
    time,  ///< the calls of the last `window_time`
};

struct circuit_breaker_options {
    std::string name = "circuit_breaker"; ///< in events, metrics and logs

    double failure_rate = 0.5;                      ///< opens at this rate; above 0, at most 1
    double slow_call_rate = 1.0;                    ///< likewise for slow calls
    duration slow_call_duration = duration::max();  ///< longer calls are slow; max(): none are
    window_kind window = window_kind::calls;        ///< which calls the rates cover
    std::uint32_t window_calls = 100;               ///< 1 to 100,000
    duration window_time = std::chrono::minutes(1); ///< 1 ms to 24 h
    std::uint32_t minimum_calls = 20;               ///< needed for a rate; at most window_calls

    duration open_for = std::chrono::seconds(30);     ///< until probes are allowed; max(): forever
    double open_backoff = 1.0;                        ///< factor for each time that probes fail; 1 to 10
    duration max_open_for = std::chrono::minutes(10); ///< upper bound of the backoff
    double open_jitter = 0;                           ///< random part added to or subtracted from that time; 0 to 1
    std::uint32_t probes = 10;                        ///< calls in half_open; all must return before it closes
    /// Outstanding probes count as failed if none has begun for this long; max(): never.
    duration probe_timeout = std::chrono::minutes(1);

    /// Whether an error counts as a failure of the dependency; a throw counts as yes. Default: unavailable,
    /// deadline_exceeded, internal and unknown. Any other error counts as a success, except errc::cancelled, which
    /// returns the permit without an outcome.
    std::function<bool(const error&)> counts_as_failure{};
    /// Called on the thread of the call that caused the event, without a lock, so it may use the breaker; events of
    /// several threads arrive in any order. Exceptions are counted in the stats and otherwise ignored.
    std::function<void(const circuit_breaker_event&)> on_event{};
    std::function<double()> random{};          ///< in [0, 1) for the jitter, on any thread; default: a random generator
    const weir::clock* time = &system_clock(); ///< must outlive the breaker
};

struct circuit_breaker_stats {
    circuit_state state = circuit_state::closed;
    std::uint64_t calls = 0; ///< calls in the window, or returned probes; like the next four
    std::uint64_t failures = 0;
    std::uint64_t slow_calls = 0;
    double failure_rate = 0; ///< 0 to 1, even for few calls
    double slow_call_rate = 0;
    std::uint64_t total_succeeded = 0; ///< over all time, like the rest
    std::uint64_t total_failed = 0;
    std::uint64_t total_slow = 0;       ///< of the previous two
    std::uint64_t total_given_back = 0; ///< permits without an outcome
    std::uint64_t total_late = 0;       ///< outcomes of calls begun in an earlier state
    std::uint64_t total_not_permitted = 0;
    std::uint64_t total_opened = 0;
    std::uint64_t total_events_failed = 0; ///< on_event threw
};

/// Refuses calls to a dependency that fails or is slow, and after a while lets a few through to see if it has
/// recovered, with the states and windows of Resilience4j (https://resilience4j.readme.io/docs/circuitbreaker).
/// Process-wide and thread-safe; must outlive its calls and permits. Has no timer: an expired state ends at the next
/// call or update(). Calls that began in an earlier state don't count in a later one.
///
///     auto found = co_await breaker.run([&] { return users.find(id); });
class circuit_breaker {
    struct machine;

public:
    /// Permission for one call. Report its outcome once; if the permit is destroyed without that, its place is
    /// returned.
    class permit;

    /// Throws std::invalid_argument for an option out of range.
    explicit circuit_breaker(circuit_breaker_options options = {});
    circuit_breaker(const circuit_breaker&) = delete;
    circuit_breaker& operator=(const circuit_breaker&) = delete;
    ~circuit_breaker();

    /// Returns what `f` yields as a result. If the circuit doesn't permit the call: errc::unavailable with the code
    /// `circuit_open` and the remaining seconds as retry_after. Cancellation is passed to `f`.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return resilience::detail::run_permitted<circuit_breaker, std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// Returns a permit for a call made without run(), or the same error.
    result<permit> try_acquire() noexcept;

    circuit_state state() const noexcept;
    circuit_breaker_stats stats() const;
    const std::string& name() const noexcept;

    /// Makes a transition that is due even if no call comes; call it from a timer at `half_open_at`.
    void update() noexcept;

    /// Closes the circuit and clears all counts.
    void reset() noexcept;
    /// Each of these holds until reset() or another one of them.
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

    /// Reports success. Only the first report counts.
    void succeed() noexcept;
    /// Reports an error; `counts_as_failure` decides what it counts as.
    void fail(const error& why) noexcept;

private:
    friend class circuit_breaker;

    permit(machine* from, std::uint64_t generation, time_point began) noexcept
        : from_(from), generation_(generation), began_(began) {}

    void give_back() noexcept;

    machine* from_; // null: outcome reported, or the circuit is disabled
    std::uint64_t generation_;
    time_point began_;
};

} // namespace weir
