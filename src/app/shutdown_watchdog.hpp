// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/observe/log.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir {

// Ends the process if a shutdown is still in progress after all its deadlines: a part's stop may block its thread, or a
// job may never return, and nothing else could end that.
class shutdown_watchdog {
public:
    // Added to the deadlines, for the work between them.
    static constexpr duration slack = std::chrono::seconds(2);

    // Disarms the watchdog when destroyed, at the end of the shutdown.
    class guard {
    public:
        explicit guard(shutdown_watchdog& held) noexcept : held_(held) {}
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        ~guard() { held_.disarm(); }

    private:
        shutdown_watchdog& held_;
    };

    /// Starts the watchdog. Call once. Does nothing if the limit is `duration::max()` or a thread can't be created.
    void arm(duration limit, const logger& log);
    void disarm();

private:
    void watch(duration limit, const logger& log);

    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false;
    std::thread watcher_;
};

} // namespace weir
