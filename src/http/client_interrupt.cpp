// SPDX-License-Identifier: MIT
#include "http/client_interrupt.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::http {

namespace asio = boost::asio;

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

} // namespace weir::http
