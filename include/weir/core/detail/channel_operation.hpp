// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/detail/channel_core.hpp>
#include <weir/core/parked_task.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/async_result.hpp>

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir::detail {

// Makes Asio's tasks accept a type as an operation; channel_awaiter then performs it.
struct awaited_operation {
    boost::asio::detail::async_operation_probe_result operator()(boost::asio::detail::async_operation_probe) &&;
    boost::asio::detail::completion_signature_probe_result<void()> operator()(
        boost::asio::detail::completion_signature_probe) &&;
};

// A send or a receive. It begins when it is awaited.
class channel_operation {
public:
    channel_operation(const channel_operation&) = delete;
    channel_operation& operator=(const channel_operation&) = delete;

    channel_base& in() const noexcept { return *in_; }
    bool over() const noexcept { return end_ != channel_end::none; }
    void end_with(channel_end how) noexcept { end_ = how; }

    // Returns whether the operation is over. The channel is locked. Sets `woken` to a task that the caller must wake,
    // if any.
    virtual bool attempt_locked(parked_task*& woken) noexcept = 0;
    virtual void enqueue(parked_task& task) noexcept = 0;

    bool attempt_or_wait(parked_task& task, std::uint32_t) noexcept;
    // Leaves the channel's list, if the operation is in it.
    void leave() noexcept;

protected:
    channel_operation(channel_base& in, bool receives) noexcept : in_(&in), receives_(receives) {}
    channel_operation(channel_operation&& other) noexcept : in_(other.in_), receives_(other.receives_) {}
    ~channel_operation() = default;

    void wait_as(parked_task& task, void* place) noexcept;

    channel_base* in_;
    channel_end end_ = channel_end::none;

private:
    const bool receives_;
    std::optional<channel_waiter> waiter_{};
};

// Inlined into the awaiter, which is instantiated once per value type: a call would cost a sixth of the whole
// operation.
template<class Op>
[[gnu::always_inline]] inline bool attempt(Op& one) noexcept {
    parked_task* woken = nullptr;
    {
        const std::lock_guard lock(one.in().mutex());
        one.attempt_locked(woken);
    }
    if (woken) woken->wake();
    return one.over();
}

error end_error(channel_end how);

// The awaiter of an operation. Asio's own awaiter would suspend the task even when the operation needs no wait.
template<class Op>
class channel_awaiter {
public:
    channel_awaiter(Op&& op, task_frame* frame) noexcept : op_(op), frame_(*frame) {}
    channel_awaiter(const channel_awaiter&) = delete;
    channel_awaiter& operator=(const channel_awaiter&) = delete;
    ~channel_awaiter() {
        if (task_) op_.leave();
    }

    bool await_ready() noexcept {
        const executor here = executor_of(frame_);
        weir::loop& home = here.context().loop();
        const bool yields = home.budget().spent();
        if (yields) home.refresh();
        if (refuse(here.context())) return true;
        return op_.attempt(home.budget().count()) && !yields;
    }

    bool await_suspend(std::coroutine_handle<>) {
        task_.emplace(frame_);
        if (op_.over()) {
            task_->yield();
            return true;
        }
        task_->arm();
        if (op_.attempt_or_wait(*task_, task_->die())) {
            task_->disarm();
            return false;
        }
        task_->park();
        return true;
    }

    auto await_resume() {
        if (task_) go_on();
        return op_.outcome();
    }

private:
    bool refuse(const context& ctx) noexcept {
        if (cancellation_of(frame_).cancelled() != boost::asio::cancellation_type::none)
            op_.end_with(channel_end::cancelled);
        else if (ctx.deadline() <= ctx.loop().now())
            op_.end_with(channel_end::late);
        return op_.over();
    }

    void go_on() noexcept {
        op_.leave();
        if (task_->cause() == wake_cause::cancellation) op_.end_with(channel_end::cancelled);
        if (task_->cause() == wake_cause::deadline) op_.end_with(channel_end::late);
        task_.reset();
    }

    Op& op_;
    task_frame& frame_;
    std::optional<parked_task> task_{};
};

template<class T>
class send_operation final : public channel_operation, public awaited_operation {
public:
    using value = void;

    send_operation(channel_core<T>& to, T&& sent) noexcept : channel_operation(to, false), sent_(std::move(sent)) {}
    send_operation(channel_core<T>& to, const T& sent) : channel_operation(to, false), sent_(sent) {}
    send_operation(send_operation&&) noexcept = default;

    // The conversion to a task, for functions that take one.
    operator task<result<void>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool attempt(std::uint32_t) noexcept { return detail::attempt(*this); }
    bool attempt_locked(parked_task*& woken) noexcept override {
        end_ = static_cast<channel_core<T>*>(in_)->send(sent_, woken);
        return over();
    }
    void enqueue(parked_task& task) noexcept override { wait_as(task, &sent_); }

    result<void> outcome() {
        if (end_ != channel_end::done) return end_error(end_);
        return ok();
    }

private:
    static task<result<void>> as_task(send_operation one) { co_return co_await std::move(one); }

    T sent_;
};

template<class T>
class receive_operation final : public channel_operation, public awaited_operation {
public:
    using value = T;

    explicit receive_operation(channel_core<T>& from) noexcept : channel_operation(from, true) {}
    receive_operation(receive_operation&&) noexcept = default;

    // The conversion to a task, for functions that take one.
    operator task<result<T>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool attempt(std::uint32_t) noexcept { return detail::attempt(*this); }
    bool attempt_locked(parked_task*& woken) noexcept override {
        end_ = static_cast<channel_core<T>*>(in_)->receive(received_, woken);
        return over();
    }
    void enqueue(parked_task& task) noexcept override { wait_as(task, &received_); }

    result<T> outcome() {
        if (end_ != channel_end::done) return result<T>(boost::system::in_place_error, end_error(end_));
        return result<T>(boost::system::in_place_value, std::move(*received_));
    }

private:
    static task<result<T>> as_task(receive_operation one) { co_return co_await std::move(one); }

    std::optional<T> received_{};
};

} // namespace weir::detail

namespace boost::asio::detail {

// Asio's tasks construct this type for each operation they await.
template<class Op>
    requires std::is_base_of_v<weir::detail::awaited_operation, Op>
class awaitable_async_op<void(), Op, weir::executor> : public weir::detail::channel_awaiter<Op> {
public:
    using weir::detail::channel_awaiter<Op>::channel_awaiter;
};

} // namespace boost::asio::detail
