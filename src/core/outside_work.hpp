// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace weir::detail {

// Counts the work that other threads do for tasks of one loop. The memory of the loop and its tasks must remain valid
// until the count is zero.
class outside_work {
public:
    void begin() noexcept { running_.fetch_add(1, std::memory_order_relaxed); }

    // Call this last: it is the final access to anything owned by the loop or its tasks.
    void end() noexcept {
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
    }

    std::size_t running() const noexcept { return running_.load(std::memory_order_acquire); }
    void wait_for_none() const noexcept {
        while (const std::size_t left = running_.load(std::memory_order_acquire)) running_.wait(left);
    }

    // Called when the loop ends: none of its tasks resumes any more, and nothing is sent to it from here on.
    void close() noexcept {
        const std::lock_guard lock(guard_);
        closed_ = true;
    }
    // Calls `f`, which sends something to the loop, unless the loop is ending; the loop lasts until `f` returns.
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

// One count of a loop's outside work.
class outside_hold {
public:
    explicit outside_hold(std::shared_ptr<outside_work> of) noexcept : of_(std::move(of)) { of_->begin(); }
    outside_hold(outside_hold&&) noexcept = default;
    outside_hold& operator=(outside_hold&&) = delete;
    ~outside_hold() {
        if (of_) of_->end();
    }

private:
    std::shared_ptr<outside_work> of_;
};

} // namespace weir::detail
