// SPDX-License-Identifier: MIT
#pragma once

#include "core/outside_work.hpp"
#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/require.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace weir::detail {

// Memory for one Asio operation at a time, for use where an allocation must not fail.
template<class T>
class room_allocator {
public:
    using value_type = T;
    using room = std::array<std::byte, 256>;

    explicit room_allocator(room& at) noexcept : at_(&at) {}
    template<class U>
    room_allocator(const room_allocator<U>& other) noexcept : at_(other.at()) {}

    T* allocate(std::size_t count) noexcept {
        static_assert(sizeof(T) <= sizeof(room) && alignof(T) <= alignof(std::max_align_t));
        return count == 1 ? reinterpret_cast<T*>(at_->data()) : nullptr;
    }
    void deallocate(T*, std::size_t) noexcept {}

    room* at() const noexcept { return at_; }
    friend bool operator==(const room_allocator& a, const room_allocator& b) noexcept { return a.at_ == b.at_; }

private:
    room* at_;
};

// A suspended task, to be resumed once on its own loop. Owns the task, and counts as the loop's outside work until it
// is resumed or dropped.
template<class Value, class Handler>
class suspended_task {
public:
    explicit suspended_task(Handler handler)
        : outside_(boost::asio::get_associated_executor(handler).context().loop().outside()),
          work_(boost::asio::get_associated_executor(handler)), handler_(std::move(handler)) {}

    // Any thread. There is no caller to catch an exception, so it must not allocate. The loop may be destroyed as soon
    // as `outside` is released.
    static void resume(std::shared_ptr<suspended_task>& self, Value value) noexcept {
        namespace execution = boost::asio::execution;
        const outside_hold outside = std::move(self->outside_); // released last
        const executor home = self->work_.get_executor();
        const room_allocator<void> memory(self->room_);
        // Asio's post would still hold the loop's work after the loop has accepted the handler and may be destroyed.
        const auto later = boost::asio::require(home.inner(), execution::blocking.never, execution::allocator(memory));
        later.execute([self = std::move(self), value = std::move(value)]() mutable {
            auto handler = std::move(self->handler_);
            self.reset();
            boost::asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(value));
        });
    }

private:
    outside_hold outside_;                                      // released last, as a dropped handler ends its task
    alignas(std::max_align_t) std::array<std::byte, 256> room_; // storage for the handler posted to the loop
    boost::asio::executor_work_guard<executor> work_;           // keeps the loop running meanwhile
    Handler handler_;
};

// Suspends the awaiting task and calls `start` with a function that resumes it on its own loop with a value. That
// function is called once, from any thread. `cancel` is called on that loop if the task is cancelled meanwhile. If
// `start` throws, the task is destroyed and the exception leaves the loop's run(). For resumption from the same loop
// see core/suspend_on_loop.hpp and core/event.hpp.
template<class Value, class Start, class Cancel>
auto suspend(Start start, Cancel cancel) {
    auto initiate = [start = std::move(start), cancel = std::move(cancel)](auto handler) mutable {
        using waiting = suspended_task<Value, decltype(handler)>;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        auto self = std::make_shared<waiting>(std::move(handler));
        if (slot.is_connected())
            slot.assign([cancel = std::move(cancel)](boost::asio::cancellation_type) mutable { cancel(); });
        start([self = std::move(self)](Value value) mutable { waiting::resume(self, std::move(value)); });
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void(Value)>(
        std::move(initiate), use_task);
}

} // namespace weir::detail
