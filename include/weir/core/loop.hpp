// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

namespace weir {

class background;

namespace detail {

class outside_work;
class parked_tasks;
struct background_work;

// Limits how many operations a task completes without waiting before it yields to others. The counter never resets, so
// it also serves as a fair die.
class turn_budget {
public:
    static constexpr std::uint32_t size = 512;

    bool spent() noexcept { return ++count_ % size == 0; }
    std::uint32_t count() const noexcept { return count_; }

private:
    std::uint32_t count_ = 0;
};

} // namespace detail

/// One thread's event loop: an io_context, its timers and its cached time. Objects that belong to a loop are used from
/// its thread only; other threads reach it through `post`. Timers follow the loop's clock: with a manual clock they
/// fire in `poll()` after the clock was advanced.
class loop {
public:
    explicit loop(const weir::clock& time = system_clock());
    /// Waits until no job on a blocking_pool or a database belongs to a task of this loop; the tasks themselves are
    /// destroyed where they are suspended.
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    /// Runs until `stop()`. Propagates uncaught exceptions of handlers.
    void run();
    /// Runs ready handlers and due timers without waiting; returns the number of handlers run.
    std::size_t poll();
    /// Waits for one handler and runs it; returns false once stopped. With a manual clock it never waits for a timer.
    bool run_one();
    /// Makes `run()` return soon. Thread-safe.
    void stop();

    /// Runs `f` later on the loop's thread. Thread-safe.
    void post(std::function<void()> f);

    /// The time of the loop's current turn: cheap, at most one turn late. `refresh()` reads the clock.
    time_point now() const noexcept { return now_; }
    time_point refresh() noexcept { return now_ = clock_->now(); }
    const weir::clock& clock() const noexcept { return *clock_; }

    boost::asio::io_context& io() noexcept { return io_; }
    weir::context& root_context() noexcept { return root_; }
    executor get_executor() noexcept { return {io_.get_executor(), root_}; }
    executor get_executor(weir::context& ctx) noexcept { return {io_.get_executor(), ctx}; }

    using timer_id = std::uint64_t;
    /// Calls `f` once on this loop at or after `at`. Loop thread only.
    timer_id call_at(time_point at, std::function<void()> f);
    /// Cancels a timer; returns whether it was still pending. Loop thread only.
    bool cancel_timer(timer_id id) noexcept;

    /// Waits until no job on a blocking_pool or a database belongs to a task of this loop. Blocks.
    void wait_for_jobs() const noexcept;
    /// The counter of those jobs.
    const std::shared_ptr<detail::outside_work>& outside() const noexcept { return outside_; }
    /// The tasks of this loop that wait for other tasks, and the budget of turns without waiting. Loop thread only.
    detail::parked_tasks& parked() noexcept { return *parked_; }
    detail::turn_budget& budget() noexcept { return budget_; }

    /// Starts a task with the loop's root context; an uncaught exception propagates out of `run()`. Call on the loop
    /// thread, or before `run()`.
    void spawn(task<void> work);
    /// As above with a context and a cancellation signal (total cancellation). Both must outlive the task.
    void spawn(task<void> work, weir::context& ctx, boost::asio::cancellation_signal& cancel,
               std::function<void(std::exception_ptr)> done);

    /// Starts background work with a context of its own; handlers should call `in_background`.
    void spawn_background(task<void> work, std::string_view request_id);
    /// Starts background work that can be stopped (<weir/core/background.hpp>). Its context has no deadline and no
    /// request. Call on the loop thread, or before `run()`.
    weir::background start(task<void> work);
    /// The number of background tasks that haven't ended. Loop thread only.
    std::size_t background() const noexcept;
    /// Cancels all background work without waiting for its end.
    void cancel_background();
    /// Sets a function that runs on this loop each time some background work has ended.
    void on_background_end(std::function<void()> f);

    /// Runs the loop until the task has ended and returns its value; for tests and main(). An exception of another task
    /// or callback propagates first; the task is then still pending and is destroyed with the loop.
    template<class T>
    T block_on(task<T> work);

private:
    struct timers;
    struct alarm;
    struct background_list;

    // The state that `block_on` waits for; the task shares it, because an exception may end the wait first.
    template<class T>
    struct blocked {
        std::optional<T> value{};
        std::exception_ptr failure{};
        bool done = false;
    };

    void begin_background(std::shared_ptr<detail::background_work> work, task<void> what);
    void arm();
    void fire_due();
    void run_until(const bool& done);

    template<class T>
    static task<void> store_value(task<T> work, std::shared_ptr<blocked<T>> in) {
        in->value.emplace(co_await std::move(work));
    }

    std::unique_ptr<timers> timers_;               // outlives the tasks, which cancel their timers
    std::unique_ptr<detail::parked_tasks> parked_; // outlives the tasks, which remove themselves
    detail::turn_budget budget_{};
    weir::context root_; // outlives the tasks, which refer to it
    std::shared_ptr<background_list> background_;
    boost::asio::io_context io_;
    const weir::clock* clock_;
    time_point now_;
    std::unique_ptr<alarm> alarm_;
    std::shared_ptr<detail::outside_work> outside_;
};

/// Starts work in the background of this loop and returns at once; the work may outlive the caller, such as a request.
/// It has its own context with the caller's request id and no deadline; pass anything else it needs by value.
/// Cancelling the caller doesn't cancel it. A stopping server waits for it as for a request and cancels it at the
/// drain's deadline. An uncaught exception propagates out of the loop: a server logs it.
///
///     co_await weir::in_background(send_receipt(order));
task<void> in_background(task<void> work);

/// Sleeps on the loop's clock. errc::cancelled when cancelled; errc::deadline_exceeded at once if the context's
/// deadline comes before the end of the sleep.
task<result<void>> sleep_for(duration time);
task<result<void>> sleep_until(time_point at);

template<class T>
T loop::block_on(task<T> work) {
    using value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    const auto waits = std::make_shared<blocked<value>>();
    auto ended = [waits](std::exception_ptr thrown) {
        waits->failure = thrown;
        waits->done = true;
    };
    if constexpr (std::is_void_v<T>)
        boost::asio::co_spawn(get_executor(), std::move(work), std::move(ended));
    else
        boost::asio::co_spawn(get_executor(), store_value(std::move(work), waits), std::move(ended));
    run_until(waits->done);
    if (waits->failure) std::rethrow_exception(waits->failure);
    if constexpr (!std::is_void_v<T>) return std::move(*waits->value);
}

} // namespace weir
