// SPDX-License-Identifier: MIT
#include "http/client/interrupt.hpp"

#include "core/suspend_on_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

void client_interrupt::raise(error why) {
    if (reason_) return;
    reason_ = std::move(why);
    while (last_) {
        cut_scope& scope = *last_;
        scope.leave();
        scope.cut_();
    }
}

cut_scope::cut_scope(client_interrupt& stop, std::function<void()> cut) : cut_(std::move(cut)) {
    if (stop.reason()) {
        cut_();
        return;
    }
    stop_ = &stop;
    before_ = std::exchange(stop.last_, this);
    if (before_) before_->after_ = this;
}

void cut_scope::leave() noexcept {
    if (!stop_) return;
    (after_ ? after_->before_ : stop_->last_) = before_;
    if (before_) before_->after_ = after_;
    stop_ = nullptr;
}

task<void> run_interruptible(time_point deadline, client_interrupt& stop, task<void> work) {
    const executor here = co_await this_task;
    weir::loop& home = here.context().loop();
    std::exception_ptr thrown;
    auto begin = [&](std::shared_ptr<weir::detail::loop_waiter<>> waiter) {
        loop::timer_id timer = 0;
        if (deadline != time_point::max())
            timer = home.call_at(deadline, [&stop] { stop.raise(errc::deadline_exceeded); });
        auto slot = waiter->slot();
        if (slot.is_connected()) slot.assign([&stop](asio::cancellation_type) { stop.raise(errc::cancelled); });
        auto finished = [&home, &thrown, timer, waiter = std::move(waiter)](std::exception_ptr failure) {
            home.cancel_timer(timer);
            thrown = failure;
            waiter->resume();
        };
        asio::co_spawn(here, std::move(work), finished);
    };
    co_await weir::detail::suspend_on_loop(begin);
    if (thrown) std::rethrow_exception(thrown);
}

task<void> run_both(task<void> first, task<void> second) {
    const executor here = co_await this_task;
    std::exception_ptr thrown;
    int running = 2;
    auto begin = [&](std::shared_ptr<weir::detail::loop_waiter<>> waiter) {
        // Each task owns this frame until it ends or is destroyed with its loop.
        auto ended = [&running, &thrown, waiter = std::move(waiter)](std::exception_ptr failure) {
            if (!thrown) thrown = failure;
            if (--running == 0) waiter->resume();
        };
        asio::co_spawn(here, std::move(first), ended);
        asio::co_spawn(here, std::move(second), ended);
    };
    co_await weir::detail::suspend_on_loop(begin);
    if (thrown) std::rethrow_exception(thrown);
}

} // namespace weir::http::detail
