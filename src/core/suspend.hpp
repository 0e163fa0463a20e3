// SPDX-License-Identifier: MIT
#pragma once

#include "core/outside_work.hpp"
#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace weir::detail {

// A suspended task: goes on on its own loop, once. While it is held the task's memory lasts.
template<class Value, class Handler>
class suspended_task {
public:
    explicit suspended_task(Handler handler)
        : work_(boost::asio::get_associated_executor(handler)), handler_(std::move(handler)) {}

    // From any thread. Keeps nothing of the loop, which may be gone when this returns.
    static void resume(std::shared_ptr<suspended_task>& self, Value value) {
        const executor home = self->work_.get_executor();
        const auto outside = home.context().loop().outside();
        boost::asio::post(home, [self = std::move(self), value = std::move(value)]() mutable {
            auto handler = std::move(self->handler_);
            self.reset();
            boost::asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(value));
        });
        outside->end();
    }

private:
    boost::asio::executor_work_guard<executor> work_; // the loop runs meanwhile
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
