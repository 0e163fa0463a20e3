// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/observe/metrics.hpp>

#include <atomic>
#include <functional>
#include <memory>

// Signals of a closed_loop, derived from existing metrics. Each covers the time since its last read, and reads NaN if
// nothing happened. A signal supports one reader.
namespace weir {

/// The increase per second. The counter and the clock must outlive it.
std::function<double()> rate_of(const counter& of, const weir::clock& time = system_clock());

/// The ratio of `some` to `all`, 0 to 1, such as errors to requests. Both must outlive it.
std::function<double()> ratio_of(const counter& some, const counter& all);

/// The quantile `part` (such as 0.99) of the observations, interpolated within its bucket like Prometheus'
/// histogram_quantile. The histogram must outlive it.
std::function<double()> quantile_of(const histogram& of, double part);

/// The process's CPU use as a part of all processors: 1 means that all are busy.
std::function<double()> cpu_use(const weir::clock& time = system_clock());

/// Measures how late a loop runs due timers, which is the delay of a request that arrives meanwhile. Create and destroy
/// it on its loop, or while the loop doesn't run; `read` may be called on any thread.
///
///     weir::loop_lag lag(home);
///     signals.push_back({"loop_lag_s", [&] { return lag.read(); }});
class loop_lag {
public:
    explicit loop_lag(loop& home, duration interval = std::chrono::milliseconds(100));
    ~loop_lag();
    loop_lag(const loop_lag&) = delete;
    loop_lag& operator=(const loop_lag&) = delete;

    /// The greatest lag since the last call, in seconds. A lag is visible only after it has ended.
    double read() noexcept;

private:
    void arm();
    void ring(time_point due);

    loop& home_;
    const duration interval_;
    loop::timer_id timer_ = 0;
    std::atomic<duration::rep> greatest_{0};
};

} // namespace weir
