// SPDX-License-Identifier: MIT
#pragma once

#include "core/suspend.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir::detail {

/// Suspends one task on its loop until another thread wakes it, its deadline comes, or it is cancelled. Unlike a task
/// in core/suspend.hpp it doesn't delay the end of its loop: the task is destroyed with the loop. Single use.
class remote_wait : public std::enable_shared_from_this<remote_wait> {
public:
    enum class ending : std::uint8_t { woken, late, cancelled };

    explicit remote_wait(loop& home) : home_(home), outside_(home.outside()) {}
    remote_wait(const remote_wait&) = delete;
    remote_wait& operator=(const remote_wait&) = delete;

    /// Waits. Loop thread, once. The caller must keep this object alive until the task resumes.
    task<ending> until(time_point deadline);
    /// Wakes the task. Any thread, once, under a lock that the task's frame also takes before it is destroyed; this
    /// keeps the loop alive. Never allocates.
    void wake() noexcept;

private:
    struct sleeper {
        explicit sleeper(loop& on) : home(on), work(boost::asio::make_work_guard(on.io())) {}
        sleeper(const sleeper&) = delete;
        sleeper& operator=(const sleeper&) = delete;
        virtual ~sleeper() = default;
        virtual void finish(ending how) = 0;

        // Returns whether the timer was still pending.
        bool wake_early(ending how) {
            if (!home.cancel_timer(timer)) return false;
            finish(how);
            return true;
        }

        loop& home;
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
            work; // keeps the loop running meanwhile
        loop::timer_id timer = 0;
    };
    template<class Handler>
    struct sleeping;

    void arrive();

    loop& home_;
    const std::shared_ptr<outside_work> outside_;               // the loop may release it before its last tasks
    alignas(std::max_align_t) room_allocator<void>::room room_; // storage for the handler posted to the loop
    std::weak_ptr<sleeper> sleeper_;                            // owned by the loop's timer
    bool woken_ = false;
};

} // namespace weir::detail
