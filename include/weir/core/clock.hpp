// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>

namespace weir {

using duration = std::chrono::nanoseconds;
/// A point on the monotonic clock: deadlines, timeouts, rates.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
/// A point in UTC, for times that are stored, signed or displayed.
using wall_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

namespace detail {

// Returns `a + b`, saturating at `duration::max()`, which means "no limit" everywhere.
constexpr duration sum(duration a, duration b) noexcept {
    return b > duration::zero() && a > duration::max() - b ? duration::max() : a + b;
}

// Returns `at + by`, saturating at `time_point::max()`, which never comes.
constexpr time_point later(time_point at, duration by) noexcept { return time_point(sum(at.time_since_epoch(), by)); }

} // namespace detail

/// The source of time. Everything in weir that waits or measures takes a clock, so tests can set the time.
/// Implementations are thread-safe.
class clock {
public:
    virtual ~clock() = default;

    virtual time_point now() const noexcept = 0;
    virtual wall_time wall_now() const noexcept = 0;
    /// Whether time advances without a call; a loop on a clock that doesn't never blocks on a timer.
    virtual bool passes() const noexcept { return true; }
};

/// The machine's clocks.
const clock& system_clock() noexcept;

/// A clock that moves only when `advance` is called. Starts at 2026-01-01T00:00:00Z. Thread-safe.
class manual_clock final : public clock {
public:
    manual_clock() = default;

    void advance(duration by) noexcept { passed_.fetch_add(by.count(), std::memory_order_acq_rel); }

    time_point now() const noexcept override;
    wall_time wall_now() const noexcept override;
    bool passes() const noexcept override { return false; }

private:
    std::atomic<duration::rep> passed_{0};
};

} // namespace weir
