// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

namespace weir {

namespace detail {

enum class ending : std::uint8_t { in_time, late, cancelled };

// Runs the work to its end and cancels it at the deadline. Doesn't start it if the deadline has passed or the caller is
// cancelled. Propagates its exceptions.
task<ending> run_until(time_point at, task<void> work);

template<class T>
task<void> store_outcome(task<result<T>> work, std::optional<result<T>>& in) {
    in.emplace(co_await std::move(work));
}

// An operation that can be awaited directly and converts to a task, such as a channel's.
template<class T>
concept operation = !is_task<T> && std::convertible_to<T, task<result<typename T::value>>>;

} // namespace detail

/// Runs work with its own deadline, or the context's if that is earlier: the work sees it as its context's deadline and
/// is cancelled when it passes (total cancellation). Returns errc::deadline_exceeded in that case and the work's
/// outcome otherwise. Never returns before the work has ended, and never starts it after the deadline. Cancellation is
/// passed on to the work; its exceptions propagate.
template<class T>
task<result<T>> with_deadline(time_point at, task<result<T>> work) {
    std::optional<result<T>> outcome;
    const detail::ending how = co_await detail::run_until(at, detail::store_outcome(std::move(work), outcome));
    if (how == detail::ending::in_time) co_return std::move(*outcome);
    const errc kind = how == detail::ending::late ? errc::deadline_exceeded : errc::cancelled;
    co_return result<T>(boost::system::in_place_error, kind); // T may be bool
}

/// As `with_deadline`, with a limit from now by the loop's clock. Zero expires at once, `duration::max()` never.
///
///     auto found = co_await weir::with_timeout(200ms, users.find(id));
template<class T>
task<result<T>> with_timeout(duration limit, task<result<T>> work) {
    const executor here = co_await this_task;
    const time_point at = detail::later(here.context().loop().clock().now(), limit);
    co_return co_await with_deadline(at, std::move(work));
}

/// The same for an operation that converts to a task: `with_timeout(1s, jobs.receive())`.
template<detail::operation Operation>
task<result<typename Operation::value>> with_deadline(time_point at, Operation work) {
    return with_deadline(at, task<result<typename Operation::value>>(std::move(work)));
}
template<detail::operation Operation>
task<result<typename Operation::value>> with_timeout(duration limit, Operation work) {
    return with_timeout(limit, task<result<typename Operation::value>>(std::move(work)));
}

} // namespace weir
