// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/intrusive_list.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace weir::detail {

using task_frame = boost::asio::detail::awaitable_frame_base<executor>;

inline executor executor_of(task_frame& frame) noexcept { return frame.await_transform(this_task).await_resume(); }
inline boost::asio::cancellation_state cancellation_of(task_frame& frame) noexcept {
    return frame.await_transform(boost::asio::this_coro::cancellation_state).await_resume();
}

// What ended the wait of a parked task.
enum class wake_cause : std::uint8_t { none, peer, cancellation, deadline };

// A task that waits for other tasks or threads. The first to claim it, on any thread, decides how the wait ends and
// wakes it; others leave it alone. It lives in the waiting frame, needs no allocation to resume, and belongs to its
// loop, which ends a task that still waits when the loop is destroyed.
class parked_task : public list_hook<parked_task> {
public:
    explicit parked_task(task_frame& frame) noexcept;
    parked_task(const parked_task&) = delete;
    parked_task& operator=(const parked_task&) = delete;
    ~parked_task();

    // Lets the context's deadline and cancellation end the wait. May throw std::bad_alloc.
    void arm();
    // Undoes `arm` when the task doesn't have to wait after all.
    void disarm() noexcept;
    // Suspends the task; call it last in `await_suspend`.
    void park() noexcept;
    // Suspends the task until the loop's next turn.
    void yield() noexcept;

    // Any thread that knows the task exists: it holds the lock of a list with it, or is the loop thread.
    bool claim(wake_cause cause) noexcept;
    bool claimed() const noexcept { return claimed_.load(std::memory_order_acquire); }
    // Wakes the task. Any thread, once, after a successful claim.
    void wake() noexcept;
    // Claims the task when the loop ends, and leaves its frame to Asio. Loop thread.
    void abandon() noexcept;

    wake_cause cause() const noexcept { return cause_; }
    std::uint32_t die() const noexcept { return home_.budget().count(); }

    parked_task* next_woken = nullptr; // links several claimed tasks

private:
    class resume_handler;

    using handler = boost::asio::detail::awaitable_async_op_handler<void(), executor>;
    using work_guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

    void suspended() noexcept;
    void end_wait(wake_cause cause) noexcept;
    void leave() noexcept;
    void resume();

    task_frame& frame_;
    weir::loop& home_;
    std::shared_ptr<outside_work> outside_; // may outlive the loop
    std::atomic<bool> claimed_{false};
    wake_cause cause_ = wake_cause::none;
    bool yields_ = false;
    std::optional<loop::timer_id> deadline_{};
    std::optional<work_guard> work_{}; // keeps the loop running meanwhile
    std::optional<handler> handler_{};
    handler::result_type nothing_{};
    alignas(std::max_align_t) std::array<std::byte, 64> room_; // storage for the handler posted to the loop
};

// The parked tasks of a loop.
class parked_tasks {
public:
    void add(parked_task& one) noexcept { all_.push_back(one); }
    void remove(parked_task& one) noexcept { all_.erase(one); }
    void abandon() noexcept;

private:
    intrusive_list<parked_task> all_{};
};

} // namespace weir::detail
