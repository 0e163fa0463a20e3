// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

struct task_group_stats {
    std::size_t running = 0; ///< tasks spawned that haven't ended
    std::size_t queued = 0;  ///< tasks held back by the limit
};

namespace detail {

template<class F>
task<result<void>> with_owned_body(F body);

} // namespace detail

/// A group of tasks, modelled on Go's errgroup: the first failure cancels the other tasks and becomes the group's
/// error. An exception counts as a failure. Only `with_group` creates a group, and it returns after the last task has
/// ended, so the tasks may refer to objects around the call. Belongs to one loop.
class task_group {
public:
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts a task in a later turn of the loop, with the context of `with_group`'s caller (its deadline, its
    /// request). If the group has failed or is cancelled, the task is destroyed instead.
    void spawn(task<result<void>> work);

    /// Limits how many tasks run at a time from now on; further tasks wait in order, in an unbounded queue. Throws
    /// std::invalid_argument for 0. The body doesn't count.
    void set_limit(std::size_t most);

    task_group_stats stats() const noexcept;

private:
    template<class F>
    friend task<result<void>> detail::with_owned_body(F body);

    struct impl;

    explicit task_group(const executor& here);
    ~task_group();

    // Runs the body as the first task and waits until all tasks have ended.
    task<result<void>> run(task<result<void>> body);

    std::unique_ptr<impl> impl_;
};

namespace detail {

// Calls the body when the group runs, so that its exceptions are treated like those of the tasks.
template<class F>
task<result<void>> call_body(F& body, task_group& group) {
    co_return co_await body(group);
}

template<class F>
task<result<void>> with_owned_body(F body) {
    const executor here = co_await this_task;
    task_group group(here);
    co_return co_await group.run(call_body(body, group));
}

template<class T>
task<result<void>> store_value(task<result<T>> work, std::optional<T>& in) {
    auto ended = co_await std::move(work);
    if (!ended) co_return ended.error();
    in.emplace(std::move(*ended));
    co_return ok();
}

} // namespace detail

/// Calls `body(group)`, a coroutine that spawns tasks, and waits until it and all tasks have ended; returns the first
/// failure. Cancelling the caller cancels them all, still waits for their ends, and returns errc::cancelled. The tasks
/// may refer to objects around the call, but not to the body's local variables.
///
///     auto all = co_await weir::with_group([&](weir::task_group& group) -> weir::task<weir::result<void>> {
///         for (auto& one : mails) group.spawn(send(one));
///         co_return weir::ok();
///     });
template<class F>
task<result<void>> with_group(F&& body) {
    static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
    static_assert(std::is_same_v<std::invoke_result_t<std::decay_t<F>&, task_group&>, task<result<void>>>,
                  "a group's body takes a weir::task_group& and returns a weir::task<weir::result<void>>");
    return detail::with_owned_body<std::decay_t<F>>(std::forward<F>(body));
}

/// Runs tasks concurrently and returns all their values, or the first failure, which cancels the others.
///
///     auto both = co_await weir::when_all(users.find(id), orders.of(id));
template<class... T>
task<result<std::tuple<T...>>> when_all(task<result<T>>... all) {
    std::tuple<std::optional<T>...> values;
    auto body = [&](task_group& group) -> task<result<void>> {
        std::apply([&](auto&... in) { (group.spawn(detail::store_value(std::move(all), in)), ...); }, values);
        co_return ok();
    };
    const auto ended = co_await with_group(body);
    if (!ended) co_return ended.error();
    co_return std::apply([](auto&... in) { return std::tuple<T...>(std::move(*in)...); }, values);
}

} // namespace weir
