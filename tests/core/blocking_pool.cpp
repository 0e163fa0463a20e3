// SPDX-License-Identifier: MIT
// labels: concurrency
#include "support/allocations.hpp"
#include "support/cancelled_early.hpp"
#include "support/without_threads.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/core/lifecycle.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

using namespace weir;

namespace {

// Blocks a pool thread until opened.
struct job_gate {
    std::promise<void> opened;
    std::promise<void> entered;
    std::shared_future<void> future{opened.get_future()};

    void wait() {
        entered.set_value();
        future.wait();
    }
};

// A job that runs until its token is stopped.
void wait_for_stop(std::promise<void>& entered, const std::stop_token& stop) {
    std::mutex m;
    std::condition_variable_any wake;
    std::unique_lock lock(m);
    entered.set_value();
    wake.wait(lock, stop, [] { return false; });
}

// A pool whose only thread is busy until the gate opens.
struct busy_pool {
    manual_clock time;
    loop home{time};
    blocking_pool pool{{.threads = 1}};
    job_gate blocked;
    std::function<void()> hold = [this] { blocked.wait(); };

    busy_pool() {
        home.spawn(occupy());
        home.poll();
        blocked.entered.get_future().wait();
    }
    task<void> occupy() { CHECK(co_await pool.run(hold)); }
    void finish() {
        blocked.opened.set_value();
        pool.close();
        home.poll();
    }
};

} // namespace

TEST_CASE("a job's value arrives on the calling loop, with the context unchanged") {
    loop home;
    blocking_pool pool({.name = "db", .threads = 1});
    home.root_context().set_request_id("r-1");
    auto work = [&]() -> task<result<std::string>> {
        const auto asked_on = std::this_thread::get_id();
        std::thread::id ran_on;
        auto job = [&] {
            ran_on = std::this_thread::get_id();
            return 42;
        };
        auto answer = co_await pool.run(job);
        CHECK(answer.value() == 42);
        CHECK(ran_on != asked_on);
        CHECK(std::this_thread::get_id() == asked_on);
        co_return (co_await this_task).context().request_id();
    };
    CHECK(home.block_on(work()).value() == "r-1");
}

TEST_CASE("a job's error and a job's exception arrive as errors") {
    loop home;
    blocking_pool pool({.threads = 1});
    auto refuse = []() -> result<int> { return errc::conflict; };
    auto fail = []() -> int { throw std::runtime_error("driver broke"); };
    CHECK(home.block_on(pool.run(refuse)).error() == errc::conflict);
    const error failure = home.block_on(pool.run(fail)).error();
    CHECK(failure == errc::internal);
    CHECK(failure.cause().message() == "driver broke");
}

TEST_CASE("a job that runs out of memory returns unavailable, and its thread continues") {
    loop home;
    blocking_pool pool({.threads = 1});
    auto exhaust = []() -> int { throw std::bad_alloc(); };
    CHECK(home.block_on(pool.run(exhaust)).error() == errc::unavailable);
    auto next = [] { return 1; };
    CHECK(home.block_on(pool.run(next)).value() == 1);
}

TEST_CASE("a full queue refuses at once with unavailable") {
    loop home;
    blocking_pool pool({.name = "tiny", .threads = 1, .queue = 1});
    job_gate blocked;
    auto hold = [&] { blocked.wait(); };
    auto quick = [] { return 1; };
    int finished = 0;
    std::string refusal;
    auto first = [&]() -> task<void> { finished += (co_await pool.run(hold)).has_value(); };
    auto second = [&]() -> task<void> { finished += (co_await pool.run(quick)).has_value(); };
    auto third = [&]() -> task<void> {
        const auto ran = co_await pool.run(quick);
        refusal = ran ? "it ran" : ran.error().describe();
    };
    home.spawn(first());
    home.poll();
    blocked.entered.get_future().wait();
    home.spawn(second());
    home.poll();
    CHECK(pool.stats().queued == 1);

    home.spawn(third());
    home.poll();
    CHECK(refusal == "unavailable: the pool tiny is full or closed"); // at once, while the thread is busy
    blocked.opened.set_value();
    while (finished < 2 || refusal.empty()) home.run_one();
    CHECK(pool.stats().refused == 1);
    CHECK(pool.stats().completed == 2);
}

TEST_CASE_FIXTURE(busy_pool, "cancellation removes a queued job without running it") {
    bool ran = false;
    bool ended = false;
    auto never = [&] { ran = true; };
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    auto second = [&]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        CHECK((co_await pool.run(never)).error() == errc::cancelled);
        ended = true;
    };
    home.spawn(second(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    cancel.emit(boost::asio::cancellation_type::total);
    while (!ended) home.run_one();
    finish();
    CHECK(!ran);
}

TEST_CASE("cancellation of a running job stops its token and waits for its end") {
    loop home;
    blocking_pool pool({.threads = 1});
    std::promise<void> entered;
    bool saw_stop = false;
    auto job = [&](std::stop_token stop) {
        wait_for_stop(entered, stop);
        saw_stop = true;
        return 7;
    };
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    bool ended = false;
    auto work = [&]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        auto out = co_await pool.run(job);
        CHECK(saw_stop);
        CHECK(out.value() == 7);
        ended = true;
    };
    home.spawn(work(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    entered.get_future().wait();
    cancel.emit(boost::asio::cancellation_type::total);
    while (!ended) home.run_one();
}

TEST_CASE_FIXTURE(busy_pool, "the context's deadline removes a queued job without running it") {
    bool ran = false;
    std::optional<error> refused;
    auto never = [&] { ran = true; };
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    ctx.set_deadline(time.now() + std::chrono::seconds(2));
    auto second = [&]() -> task<void> { refused = (co_await pool.run(never)).error(); };
    home.spawn(second(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    time.advance(std::chrono::seconds(1));
    home.poll();
    CHECK(pool.stats().queued == 1);
    time.advance(std::chrono::seconds(1));
    while (!refused) home.run_one();
    CHECK(*refused == errc::deadline_exceeded);
    finish();
    CHECK(!ran);
}

TEST_CASE("the context's deadline stops the token of a running job, which decides when it ends") {
    manual_clock time;
    loop home(time);
    blocking_pool pool({.threads = 1});
    std::promise<void> entered;
    auto job = [&](std::stop_token stop) {
        wait_for_stop(entered, stop);
        return 7;
    };
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    ctx.set_deadline(time.now() + std::chrono::seconds(1));
    std::optional<int> got;
    auto work = [&]() -> task<void> { got = (co_await pool.run(job)).value(); };
    home.spawn(work(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    entered.get_future().wait();
    time.advance(std::chrono::seconds(1));
    while (!got) home.run_one();
    CHECK(*got == 7);
}

TEST_CASE("a refused job completes once, even if it is cancelled before its caller knows") {
    loop home;
    blocking_pool pool({.threads = 1});
    pool.close();
    auto never = [] {};
    auto call = [&] { return pool.run(never); };
    CHECK(test_support::ends_when_cancelled_early(home, call) == std::vector{errc::unavailable});
}

TEST_CASE("a job whose deadline has passed isn't queued") {
    manual_clock time;
    loop home(time);
    blocking_pool pool({.threads = 1});
    bool ran = false;
    std::optional<error> refused;
    auto never = [&] { ran = true; };
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    ctx.set_deadline(time.now());
    auto work = [&]() -> task<void> { refused = (co_await pool.run(never)).error(); };
    home.spawn(work(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    REQUIRE(refused);
    CHECK(*refused == errc::deadline_exceeded);
    pool.close();
    CHECK(!ran);
    CHECK(pool.stats().completed == 0);
}

TEST_CASE("two loops share one pool and each gets its own results") {
    blocking_pool pool({.threads = 2});
    const auto serve = [&pool](int base) {
        loop home;
        int sum = 0;
        auto work = [&]() -> task<void> {
            for (int i = 0; i < 200; ++i) {
                auto job = [&, i] { return base + i; };
                sum += (co_await pool.run(job)).value();
            }
        };
        home.block_on(work());
        return sum;
    };
    auto other = std::async(std::launch::async, serve, 1000);
    CHECK(serve(0) == 199 * 200 / 2);
    CHECK(other.get() == 200 * 1000 + 199 * 200 / 2);
}

TEST_CASE("completing a job allocates nothing on the pool's thread, where bad_alloc couldn't be caught") {
    loop home;
    blocking_pool pool({.threads = 1});
    std::size_t at_end = 0;
    std::size_t at_next = 0;
    auto first = [&] { at_end = test_support::allocated; };
    auto next = [&] { at_next = test_support::allocated; };
    CHECK(home.block_on(pool.run(first)));
    CHECK(home.block_on(pool.run(next)));
    CHECK(at_next == at_end);
}

TEST_CASE("a pool that can't create its threads throws and leaves none running") {
    const auto outcome = test_support::without_threads(2, [] {
        try {
            const blocking_pool pool({.threads = 8});
            return 0;
        } catch (const std::system_error&) {
            return 7;
        }
    });
    CHECK(outcome == 7);
}
