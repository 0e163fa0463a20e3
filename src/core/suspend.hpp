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

// Memory for one operation of Asio's at a time, for where an allocation must not fail.
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

// A suspended task: goes on on its own loop, once. While it is held the task's memory lasts.
template<class Value, class Handler>
class suspended_task {
public:
    explicit suspended_task(Handler handler)
        : work_(boost::asio::get_associated_executor(handler)), handler_(std::move(handler)) {}

    // From any thread, at whose bottom no exception would be caught: so it needs no memory. Keeps nothing of the loop,
    // which may be gone when this returns.
    static void resume(std::shared_ptr<suspended_task>& self, Value value) noexcept {
        namespace execution = boost::asio::execution;
        const executor home = self->work_.get_executor();
        const auto outside = home.context().loop().outside();
        const room_allocator<void> memory(self->room_);
        // Asio's post would still hold the loop's work when the loop has taken this over, and may be gone.
        const auto later = boost::asio::require(home.inner(), execution::blocking.never, execution::allocator(memory));
        later.execute([self = std::move(self), value = std::move(value)]() mutable {
            auto handler = std::move(self->handler_);
            self.reset();
            boost::asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(value));
        });
        outside->end();
    }

private:
    alignas(std::max_align_t) std::array<std::byte, 256> room_; // for its way back to the loop
    boost::asio::executor_work_guard<executor> work_;           // the loop runs meanwhile
    Handler handler_;
};

// Suspends the awaiting task until what `start` was given is called, once and from any thread; the task goes on on
// its own loop with the value. `cancel` is called on that loop when the task is cancelled meanwhile.
template<class Value, class Start, class Cancel>
auto suspend(Start start, Cancel cancel) {
    auto initiate = [start = std::move(start), cancel = std::move(cancel)](auto handler) mutable {
        using waiting = suspended_task<Value, decltype(handler)>;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([cancel = std::move(cancel)](boost::asio::cancellation_type) mutable { cancel(); });
        boost::asio::get_associated_executor(handler).context().loop().outside()->begin();
        start([self = std::make_shared<waiting>(std::move(handler))](Value value) mutable {
            waiting::resume(self, std::move(value));
        });
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void(Value)>(std::move(initiate),
                                                                                                  use_task);
}

} // namespace weir::detail
