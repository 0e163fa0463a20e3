// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <vector>

namespace test_support {

/// Starts `call() -> task<result<...>>` and cancels it before it has begun to run. The cancellation is handled after
/// the call's synchronous part and before the caller sees its result. Returns the kind of each completion: there should
/// be exactly one.
template<class Call>
std::vector<weir::errc> ends_when_cancelled_early(weir::loop& home, Call call) {
    namespace asio = boost::asio;
    std::vector<weir::errc> ends;
    auto ask = [&]() -> weir::task<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto ended = co_await call();
        ends.push_back(ended.error().kind());
    };
    asio::cancellation_signal cancel;
    weir::context ctx(home);
    home.spawn(ask(), ctx, cancel, [](std::exception_ptr) {});
    cancel.emit(asio::cancellation_type::total);
    home.poll();
    return ends;
}

} // namespace test_support
