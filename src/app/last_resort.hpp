// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/observe/log.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir {

// Ends the process when a stop is still going on after all its deadlines: a part's stop may block its thread, or a job
// may never return, and nothing else could end that.
class last_resort {
public:
    // Beyond the deadlines, for what runs between them.
    static constexpr duration slack = std::chrono::seconds(2);

    // The stop has ended in time when this goes.
    class guard {
    public:
        explicit guard(last_resort& held) noexcept : held_(held) {}
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        ~guard() { held_.disarm(); }

    private:
        last_resort& held_;
    };

    /// Once; where the limit is `duration::max()`, or no thread can be had, nothing watches.
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
