// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/observe/metrics.hpp>

#include <atomic>
#include <functional>
#include <memory>

// What a closed_loop watches, of what is measured anyway. Each reads what happened since it was read the last time, and
// NaN when nothing did; each is for one reader.
namespace weir {

/// The increase a second. The counter outlives it; the clock too.
std::function<double()> rate_of(const counter& of, const weir::clock& time = system_clock());

/// The part of `all` that are `some`, 0 to 1: errors of requests. Both outlive it.
std::function<double()> ratio_of(const counter& some, const counter& all);

/// The value below which that part of the observations lies (0.99), interpolated within its bucket as Prometheus'
/// histogram_quantile does. The histogram outlives it.
std::function<double()> quantile_of(const histogram& of, double part);

/// The process's CPU time by the time that has passed, and by processors: 1 is all of them.
std::function<double()> cpu_use(const weir::clock& time = system_clock());

/// Measures how late a loop runs what is due: the wait of a request that arrives meanwhile. Made and destroyed on its
/// loop, or while that doesn't run; `read` is for any thread.
///
///     weir::loop_lag lag(home);
///     signals.push_back({"loop_lag_s", [&] { return lag.read(); }});
class loop_lag {
public:
    explicit loop_lag(loop& home, duration interval = std::chrono::milliseconds(100));
    ~loop_lag();
    loop_lag(const loop_lag&) = delete;
    loop_lag& operator=(const loop_lag&) = delete;

    /// The greatest lag since the last call, in seconds. One that lasts is seen only when it is over.
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
