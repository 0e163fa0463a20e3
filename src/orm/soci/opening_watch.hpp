// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace weir::orm {

// Limits the opening of a connection: drivers open with blocking calls, some without a limit. Once the time is over or
// `stop` is requested, it calls `end` every few milliseconds on its own thread, until destroyed.
class opening_watch {
public:
    // Throws std::system_error if no thread can be started.
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
    std::stop_callback<waker> on_stop_; // last: uses the members above
};

} // namespace weir::orm
