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

/// Where one task waits, on its loop, until another thread wakes it, its deadline comes, or it is cancelled. Unlike a
/// task that is suspended (core/suspend.hpp) it holds up no loop that ends: the task goes with it. Used once.
class remote_wait : public std::enable_shared_from_this<remote_wait> {
public:
    enum class ending : std::uint8_t { woken, late, cancelled };

    explicit remote_wait(loop& home) : home_(home), outside_(home.outside()) {}
    remote_wait(const remote_wait&) = delete;
    remote_wait& operator=(const remote_wait&) = delete;

    /// On the loop, once. The caller holds this until the task goes on.
    task<ending> until(time_point deadline);
    /// From any thread, once, and under a lock that the task's frame takes as well before it goes: so the loop is
    /// there. Needs no memory.
    void wake() noexcept;

private:
    struct sleeper {
        explicit sleeper(loop& on) : home(on), work(boost::asio::make_work_guard(on.io())) {}
        sleeper(const sleeper&) = delete;
        sleeper& operator=(const sleeper&) = delete;
        virtual ~sleeper() = default;
        virtual void finish(ending how) = 0;

        // Whether its timer was still to come.
        bool wake_early(ending how) {
            if (!home.cancel_timer(timer)) return false;
            finish(how);
            return true;
        }

        loop& home;
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work; // the loop runs meanwhile
        loop::timer_id timer = 0;
    };
    template<class Handler>
    struct sleeping;

    void arrive();

    loop& home_;
    const std::shared_ptr<outside_work> outside_;               // which a loop lets go of before its last tasks
    alignas(std::max_align_t) room_allocator<void>::room room_; // for its way to the loop
    std::weak_ptr<sleeper> sleeper_;                            // which the loop's timer owns
    bool woken_ = false;
};

} // namespace weir::detail
