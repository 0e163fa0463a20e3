// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace weir::detail {

/// A coroutine that is suspended until other code of its loop resumes it with a value, or without one. Owns the
/// coroutine: it is destroyed when the last pointer goes without a resumption. Belongs to one loop.
template<class... Value>
class loop_waiter {
public:
    loop_waiter() = default;
    loop_waiter(const loop_waiter&) = delete;
    loop_waiter& operator=(const loop_waiter&) = delete;
    virtual ~loop_waiter() = default;

    /// Resumes the coroutine within the call; only the first `resume` or `post` counts.
    virtual void resume(Value... value) = 0;
    /// Resumes the coroutine in a later turn of its loop; only the first `resume` or `post` counts.
    virtual void post(Value... value) = 0;
    /// Whether the coroutine was resumed or is about to be.
    virtual bool resumed() const noexcept = 0;
    /// The slot of the coroutine's cancellation, which a resumption clears; not connected when nothing can cancel it.
    virtual boost::asio::cancellation_slot slot() const noexcept = 0;
};

template<class Handler, class... Value>
class loop_waiter_of final : public loop_waiter<Value...> {
public:
    explicit loop_waiter_of(Handler handler) : handler_(std::move(handler)) {}

    void resume(Value... value) override {
        if (!handler_) return;
        auto handler = take();
        std::move(handler)(std::move(value)...);
    }
    void post(Value... value) override {
        if (!handler_) return;
        auto handler = take();
        const auto home = boost::asio::get_associated_executor(handler);
        boost::asio::post(home, [handler = std::move(handler), ... value = std::move(value)]() mutable {
            std::move(handler)(std::move(value)...);
        });
    }
    bool resumed() const noexcept override { return !handler_; }
    boost::asio::cancellation_slot slot() const noexcept override {
        return handler_ ? boost::asio::get_associated_cancellation_slot(*handler_) : boost::asio::cancellation_slot();
    }

private:
    Handler take() {
        Handler handler = std::move(*handler_);
        handler_.reset();
        boost::asio::get_associated_cancellation_slot(handler).clear();
        return handler;
    }

    std::optional<Handler> handler_;
};

/// Suspends the awaiting coroutine and calls `begin` with a `std::shared_ptr<loop_waiter<Value...>>` to it; yields what
/// it is resumed with. `begin` must outlive the wait: name it. For resumption from another thread see core/suspend.hpp.
template<class... Value, class Begin>
auto suspend_on_loop(Begin& begin) {
    auto start = [&begin](auto handler) {
        begin(std::make_shared<loop_waiter_of<decltype(handler), Value...>>(std::move(handler)));
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void(Value...)>(start, use_task);
}

} // namespace weir::detail
