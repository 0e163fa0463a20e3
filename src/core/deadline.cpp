// SPDX-License-Identifier: MIT
#include "core/supervise.hpp"
#include <weir/core/deadline.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>

namespace weir::detail {

task<ending> run_until(time_point at, task<void> work) {
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return ending::cancelled;
    const executor here = co_await this_task;
    supervision_terms terms;
    terms.deadline = std::min(at, here.context().deadline());
    terms.shows_deadline = true;
    if (terms.deadline <= here.context().loop().clock().now()) co_return ending::late;
    if (terms.deadline == time_point::max()) {
        co_await std::move(work);
        co_return ending::in_time;
    }
    const supervision state = co_await supervise(terms, std::move(work));
    if (state->failure) std::rethrow_exception(state->failure);
    co_return state->late ? ending::late : ending::in_time;
}

} // namespace weir::detail
