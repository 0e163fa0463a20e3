// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

namespace weir::detail {

// Counts what other threads do for tasks of one loop. The loop's memory, and that of its tasks, has to last until
// there is nothing left.
class outside_work {
public:
    void begin() noexcept { running_.fetch_add(1, std::memory_order_relaxed); }

    // The last touch of anything that belongs to the loop or its tasks.
    void end() noexcept {
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
    }

    void wait_for_none() const noexcept {
        while (const std::size_t left = running_.load(std::memory_order_acquire)) running_.wait(left);
    }

    // The loop ends: no task of it goes on any more. From here on nothing is sent to it.
    void close() noexcept {
        const std::lock_guard lock(guard_);
        closed_ = true;
    }
    // Sends something to the loop, which is there meanwhile, unless it ends.
    template<class F>
    void send(F f) noexcept {
        const std::lock_guard lock(guard_);
        if (!closed_) f();
    }

private:
    std::atomic<std::size_t> running_{0};
    std::mutex guard_;
    bool closed_ = false;
};

} // namespace weir::detail
