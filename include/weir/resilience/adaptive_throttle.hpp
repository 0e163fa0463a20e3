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

struct adaptive_throttle_event {
    std::string_view throttle{};      ///< the throttle's name
    double rejection_probability = 0; ///< the probability with which the call was rejected
};

struct adaptive_throttle_options {
    std::string name = "adaptive_throttle";    ///< in events and logs
    double multiplier = 2.0;                   ///< K: calls allowed per accepted call; 1 or more
    duration window = std::chrono::minutes(2); ///< how long a call counts; 1 ms to 24 h
    /// Whether an error means that the backend rejected the call; a throw counts as yes. Default: unavailable,
    /// resource_exhausted and deadline_exceeded.
    std::function<bool(const error&)> counts_as_rejection{};
    /// Called for each call rejected here, on its thread and without a lock. Exceptions are counted in the stats and
    /// otherwise ignored.
    std::function<void(const adaptive_throttle_event&)> on_event{};
    std::function<double()> random{};          ///< in [0, 1), called on any thread; default: a random generator
    const weir::clock* time = &system_clock(); ///< must outlive the throttle
};

struct adaptive_throttle_stats {
    std::uint64_t requests = 0;            ///< in the window, including those rejected here
    std::uint64_t accepts = 0;             ///< requests that the backend accepted
    double rejection_probability = 0;      ///< of the next call
    std::uint64_t total_rejected = 0;      ///< rejected here over all time, like the next
    std::uint64_t total_events_failed = 0; ///< on_event threw
};

/// Rejects calls to an overloaded backend at about the rate at which the backend rejects them itself, but lets enough
/// through to notice its recovery: with probability max(0, (requests - K * accepts) / (requests + 1)), as in "Handling
/// Overload" in Google's Site Reliability Engineering. Unlike a circuit_breaker it never stops all calls. A call counts
/// when it has ended, so calls in progress don't count as rejected. Process-wide and thread-safe; must outlive its
/// calls.
class adaptive_throttle {
    struct meter;

public:
    /// Permission for one call. Report its outcome once; if the permit is destroyed without that, the call doesn't
    /// count.
    class permit;

    /// Throws std::invalid_argument for an option out of range.
    explicit adaptive_throttle(adaptive_throttle_options options = {});
    adaptive_throttle(const adaptive_throttle&) = delete;
    adaptive_throttle& operator=(const adaptive_throttle&) = delete;
    ~adaptive_throttle();

    /// Returns what `f` yields as a result, or errc::unavailable with the code `throttled` if the call is rejected
    /// here. Cancellation is passed to `f`; a call that ends with errc::cancelled doesn't count.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return resilience::detail::run_permitted<adaptive_throttle, std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// Returns a permit for a call made without run(), or the same error.
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

    /// Reports success. Only the first report counts.
    void succeed() noexcept;
    /// Reports an error; `counts_as_rejection` decides whether the backend rejected the call.
    void fail(const error& why) noexcept;

private:
    friend class adaptive_throttle;

    explicit permit(meter* from) noexcept : from_(from) {}

    meter* from_; // null once the outcome is reported
};

} // namespace weir
