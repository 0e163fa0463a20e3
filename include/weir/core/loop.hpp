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

// How often a task may go on at once where others would have waited, before it lets the others run. Counts without
// end, and so serves as a fair die as well.
class turn_budget {
public:
    static constexpr std::uint32_t size = 512;

    bool spent() noexcept { return ++count_ % size == 0; }
    std::uint32_t count() const noexcept { return count_; }

private:
    std::uint32_t count_ = 0;
};

} // namespace detail

/// One thread's event loop: an io_context, its timers and its cached time. Whatever belongs to a loop
/// is touched from its thread only; `post` is the one door for other threads.
/// Timers follow the loop's clock: on a manual clock they fire in `poll()` after the clock was moved.
class loop {
public:
    explicit loop(const weir::clock& time = system_clock());
    /// Waits until no job on a blocking_pool or a database belongs to a task of this loop; the tasks themselves
    /// end where they are.
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    /// Runs until `stop()`. Exceptions of handlers that nobody caught come out here.
    void run();
    /// Runs what is ready, due timers included, without waiting; how many handlers ran.
    std::size_t poll();
    /// Waits for one handler, runs it; false once stopped. With a manual clock never waits for a timer.
    bool run_one();
    /// Makes `run()` return soon. Thread-safe.
    void stop();

    /// Runs `f` on the loop's thread, later. Thread-safe.
    void post(std::function<void()> f);

    /// The time of the current turn of the loop: cheap, late by at most one turn. `refresh()` reads the clock.
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
    /// Whether the timer was still to come. Loop thread only.
    bool cancel_timer(timer_id id) noexcept;

    /// Waits until no job on a blocking_pool or a database belongs to a task of this loop. Blocks.
    void wait_for_jobs() const noexcept;
    /// What counts them.
    const std::shared_ptr<detail::outside_work>& outside() const noexcept { return outside_; }
    /// Its tasks that wait for other loops', and how long one of them may go on without waiting. Loop thread only.
    detail::parked_tasks& parked() noexcept { return *parked_; }
    detail::turn_budget& budget() noexcept { return budget_; }

    /// Starts a task and lets it run, with the loop's root context; an exception out of it comes out of `run()`. Loop
    /// thread, or before `run()`.
    void spawn(task<void> work);
    /// The same with a context of its own, ended by the signal (total cancellation). Both must outlive the task.
    void spawn(task<void> work, weir::context& ctx, boost::asio::cancellation_signal& cancel,
               std::function<void(std::exception_ptr)> done);

    /// Starts background work, with a context of its own; `in_background` is the way to it from a handler.
    void spawn_background(task<void> work, std::string_view request_id);
    /// Starts background work that can be stopped (<weir/core/background.hpp>), with a context of its own that has no
    /// deadline and no request. Loop thread, or before `run()`.
    weir::background start(task<void> work);
    /// How much of it hasn't ended yet. Loop thread only.
    std::size_t background() const noexcept;
    /// Cancels all of it; it ends in its own time.
    void cancel_background();
    /// Calls `f` on this loop each time that some of it has ended.
    void on_background_end(std::function<void()> f);

    /// Runs the loop until the task has ended and returns its value: for tests and for main(). An exception of another
    /// task or callback comes out of it first; the task is still there then, and ends with the loop.
    template<class T>
    T block_on(task<T> work);

private:
    struct timers;
    struct alarm;
    struct background_list;

    // What `block_on` waits for; the task has a share in it, as an exception may leave it behind.
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
    static task<void> keep_value(task<T> work, std::shared_ptr<blocked<T>> in) {
        in->value.emplace(co_await std::move(work));
    }

    std::unique_ptr<timers> timers_;               // outlives the tasks, which cancel theirs
    std::unique_ptr<detail::parked_tasks> parked_; // outlives them as well, as they leave it
    detail::turn_budget budget_{};
    weir::context root_; // so does what they see
    std::shared_ptr<background_list> background_;
    boost::asio::io_context io_;
    const weir::clock* clock_;
    time_point now_;
    std::unique_ptr<alarm> alarm_;
    std::shared_ptr<detail::outside_work> outside_;
};

/// Starts work that goes on in the background of this loop while the caller goes on at once, and after it: after a
/// request's answer, say. It has a context of its own with the caller's request id, and no deadline; what else it
/// needs of the request is passed to it by value. It isn't cancelled with the caller. A server that stops waits for it
/// as for a request, and cancels it at the drain's deadline. An exception out of it goes where the loop's go: a
/// server's log.
///
///     co_await weir::in_background(send_receipt(order));
task<void> in_background(task<void> work);

/// Sleeps on the loop's clock. errc::cancelled when cancelled, errc::deadline_exceeded at once when the
/// context's deadline comes first.
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
        boost::asio::co_spawn(get_executor(), keep_value(std::move(work), waits), std::move(ended));
    run_until(waits->done);
    if (waits->failure) std::rethrow_exception(waits->failure);
    if constexpr (!std::is_void_v<T>) return std::move(*waits->value);
}

} // namespace weir
