// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace weir::orm {

// Ends the opening of a connection that takes too long, or that is stopped: drivers open with calls that block, some of
// them without a limit. Calls `end` from then on until it is destroyed, every few milliseconds, on a thread of its own.
class opening_watch {
public:
    // Throws std::system_error when no thread can be had.
    opening_watch(duration limit, std::stop_token stop, std::function<void()> end);
    ~opening_watch();
    opening_watch(const opening_watch&) = delete;
    opening_watch& operator=(const opening_watch&) = delete;

private:
    struct waker {
        opening_watch* self;
        void operator()() const noexcept { self->wake(false); }
    };

    void wake(bool done) noexcept;
    void watch(duration limit);

    const std::stop_token stop_;
    const std::function<void()> end_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::thread thread_;
    std::stop_callback<waker> on_stop_; // last: it uses what is above
};

} // namespace weir::orm
