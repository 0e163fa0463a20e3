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

struct adaptive_throttle_event {
    std::string_view throttle{};      ///< its name
    double rejection_probability = 0; ///< with which the call was rejected
};

struct adaptive_throttle_options {
    std::string name = "adaptive_throttle";    ///< for events and logs
    double multiplier = 2.0;                   ///< K: calls let through for each one that was accepted; 1 and more
    duration window = std::chrono::minutes(2); ///< of the calls that are looked at; 1 ms to 24 h
    /// What says that the backend didn't accept a call; one that throws says yes. None given: unavailable,
    /// resource_exhausted and deadline_exceeded.
    std::function<bool(const error&)> counts_as_rejection{};
    /// Called for each call that is rejected here, on its thread and without a lock. An exception out of it is counted
    /// in the stats and goes no further.
    std::function<void(const adaptive_throttle_event&)> on_event{};
    std::function<double()> random{};          ///< from 0 up to 1, on any thread; none given: the system's
    const weir::clock* time = &system_clock(); ///< outlives the throttle
};

struct adaptive_throttle_stats {
    std::uint64_t requests = 0;            ///< in the window, with those that were rejected here
    std::uint64_t accepts = 0;             ///< of them
    double rejection_probability = 0;      ///< of the next call
    std::uint64_t total_rejected = 0;      ///< here, over all time, as the next
    std::uint64_t total_events_failed = 0; ///< on_event threw
};

/// Rejects as large a part of the calls as a backend that is overloaded rejects anyway, beyond what lets it notice
/// that it works again: with probability max(0, (requests - K * accepts) / (requests + 1)), as "Handling Overload" in
/// Google's Site Reliability Engineering says. Unlike a circuit_breaker it never stops all calls. Counts a call when
/// it has ended, so those under way aren't taken for rejected. Process-wide and thread-safe; outlives its calls.
class adaptive_throttle {
    struct meter;

public:
    /// Leave to make one call. Says once how it ended; dropped without that, the call doesn't count.
    class permit;

    /// Throws std::invalid_argument for an option out of its range.
    explicit adaptive_throttle(adaptive_throttle_options options = {});
    adaptive_throttle(const adaptive_throttle&) = delete;
    adaptive_throttle& operator=(const adaptive_throttle&) = delete;
    ~adaptive_throttle();

    /// Yields what `f` yields as a result; errc::unavailable with the code `throttled` where the call is rejected
    /// here. Cancellation is for `f`; a call that ends as errc::cancelled doesn't count.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return resilience::detail::run_permitted<adaptive_throttle, std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// A permit for a call that isn't made by run(), or the same error.
    result<permit> try_acquire() noexcept;

    adaptive_throttle_stats stats() const;
    const std::string& name() const noexcept;

private:
    std::unique_ptr<meter> meter_;
};

class [[nodiscard]] adaptive_throttle::permit {
public:
    permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    permit& operator=(permit&& other) noexcept {
        from_ = std::exchange(other.from_, nullptr);
        return *this;
    }
    ~permit() = default;

    /// The first one counts.
    void succeed() noexcept;
    /// `counts_as_rejection` says whether the backend had accepted the call.
    void fail(const error& why) noexcept;

private:
    friend class adaptive_throttle;

    explicit permit(meter* from) noexcept : from_(from) {}

    meter* from_; // null: nothing to say any more
};

} // namespace weir
