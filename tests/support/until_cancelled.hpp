// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/context.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace test_support {

/// Suspends until its task is cancelled.
inline weir::task<weir::result<void>> until_cancelled() {
    const weir::executor here = co_await weir::this_task;
    boost::asio::steady_timer never(here.context().loop().io(), std::chrono::hours(1));
    co_await never.async_wait(boost::asio::as_tuple(weir::use_task));
    co_return weir::errc::cancelled;
}

} // namespace test_support
