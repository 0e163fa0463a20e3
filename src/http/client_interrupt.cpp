// SPDX-License-Identifier: MIT
#include "http/client_interrupt.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace weir::http {

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
    auto start = [&](auto handler) {
        loop::timer_id timer = 0;
        if (deadline != time_point::max())
            timer = home.call_at(deadline, [&stop] { stop.raise(errc::deadline_exceeded); });
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.assign([&stop](asio::cancellation_type) { stop.raise(errc::cancelled); });
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        auto finished = [&home, &thrown, timer, resume](std::exception_ptr failure) {
            home.cancel_timer(timer);
            thrown = failure;
            asio::get_associated_cancellation_slot(*resume).clear();
            std::move (*resume)();
        };
        asio::co_spawn(here, std::move(work), finished);
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(start, use_task);
    if (thrown) std::rethrow_exception(thrown);
}

task<void> run_both(task<void> first, task<void> second) {
    const executor here = co_await this_task;
    std::exception_ptr thrown;
    int running = 2;
    auto start = [&](auto handler) {
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        // Each holds the handler, and so this frame, until it has ended or gone with its loop.
        auto ended = [&running, &thrown, resume](std::exception_ptr failure) {
            if (!thrown) thrown = failure;
            if (--running == 0) std::move (*resume)();
        };
        asio::co_spawn(here, std::move(first), ended);
        asio::co_spawn(here, std::move(second), ended);
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(start, use_task);
    if (thrown) std::rethrow_exception(thrown);
}

} // namespace weir::http
