// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>
#include <weir/resilience/retry.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/resilience/timeout.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

struct timeout_fixture {
    manual_clock time;
    loop home{time};
    std::vector<timeout_event> seen;

    timeout_options options(duration limit) {
        timeout_options made;
        made.limit = limit;
        made.on_event = [this](const timeout_event& event) { seen.push_back(event); };
        return made;
    }
    void advance(duration by) {
        time.advance(by);
        home.poll();
    }
};

auto sleeps_first(duration time) {
    return [time]() -> task<result<int>> {
        auto slept = co_await sleep_for(time);
        if (!slept) co_return slept.error();
        co_return 7;
    };
}

} // namespace

TEST_CASE_FIXTURE(timeout_fixture, "a call within the limit yields its value") {
    timeout limit(options(200ms));
    auto call = sleeps_first(199ms);
    started<result<int>> running(home, limit.run(call));
    advance(199ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 7);
    CHECK(limit.stats().calls == 1);
    CHECK(limit.stats().exceeded == 0);
    CHECK(seen.empty());
}

TEST_CASE_FIXTURE(timeout_fixture, "a call that checks its deadline gives up at once") {
    timeout limit(options(200ms));
    auto call = sleeps_first(201ms);
    started<result<int>> running(home, limit.run(call));
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::deadline_exceeded);
    CHECK(limit.stats().exceeded == 0); // no time has passed
}

TEST_CASE_FIXTURE(timeout_fixture, "a call over the limit is cancelled, and run() waits for its end") {
    timeout limit(options(200ms));
    error inner;
    auto call = [&]() -> task<result<int>> {
        (co_await this_task).context().set_deadline(time_point::max()); // it ignores its deadline
        inner = (co_await sleep_for(1h)).error();
        co_await boost::asio::this_coro::reset_cancellation_state();
        (void)co_await sleep_for(50ms);
        co_return 7;
    };
    started<result<int>> running(home, limit.run(call));
    advance(200ms);
    CHECK(inner == errc::cancelled);
    CHECK(!running.ended());
    advance(50ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::deadline_exceeded);
    CHECK(limit.stats().exceeded == 1);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].limit == 200ms);
    CHECK(seen[0].took == 250ms);
}

TEST_CASE_FIXTURE(timeout_fixture, "the caller's own deadline doesn't count as the limit") {
    timeout limit(options(200ms));
    auto call = [&]() -> task<result<int>> {
        (co_await this_task).context().set_deadline(time_point::max());
        (void)co_await sleep_for(1h);
        co_return 7;
    };
    started<result<int>> running(home, limit.run(call), time.now() + 100ms);
    advance(100ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::deadline_exceeded);
    CHECK(limit.stats().exceeded == 0);
}

TEST_CASE_FIXTURE(timeout_fixture, "values, results and exceptions are returned as results") {
    timeout limit(1s);
    CHECK(home.block_on(limit.run([] { return 7; })).value() == 7);
    CHECK(home.block_on(limit.run([] {})).has_value());
    CHECK(home.block_on(limit.run([]() -> int { throw std::runtime_error("broken"); })).error() == errc::internal);
    CHECK(home.block_on(limit.run([]() -> result<int> { return errc::conflict; })).error() == errc::conflict);
}

TEST_CASE_FIXTURE(timeout_fixture, "a limit of zero refuses every call, and an unlimited one none") {
    int calls = 0;
    auto call = [&calls] { return ++calls; };
    timeout none(options(0ns));
    CHECK(home.block_on(none.run(call)).error() == errc::deadline_exceeded);
    CHECK(calls == 0);
    CHECK(none.stats().exceeded == 1);
    timeout endless(duration::max());
    CHECK(home.block_on(endless.run(call)).value() == 1);
    CHECK_THROWS_WITH(timeout(-1ns), "timeout_options::limit = -1 ns: accepted 0 ns to duration::max()");
}

TEST_CASE_FIXTURE(timeout_fixture, "cancellation is reported as cancelled") {
    timeout limit(1h);
    auto call = sleeps_first(30min);
    started<result<int>> running(home, limit.run(call));
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
}

TEST_CASE_FIXTURE(timeout_fixture, "a limit around retries bounds them all, one inside bounds each attempt") {
    timeout all(1s);
    timeout each(300ms);
    retry backoff({.base = 0ns, .idempotent = true, .retries = [](const error& failed) {
                       return failed == errc::deadline_exceeded;
                   }});
    const stack policy{all, backoff, each};
    int calls = 0;
    auto call = [&]() -> task<result<int>> {
        ++calls;
        (co_await this_task).context().set_deadline(time_point::max());
        (void)co_await sleep_for(1h);
        co_return 7;
    };
    started<result<int>> running(home, policy.run(call));
    for (int i = 0; i < 12; ++i) advance(100ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::deadline_exceeded);
    CHECK(calls == 3);
}

TEST_CASE("a job on a blocking pool respects the limit around it") {
    manual_clock time;
    loop home(time);
    blocking_pool pool({.threads = 1});
    timeout limit(100ms);
    std::atomic<bool> began = false;
    auto job = [&began](std::stop_token stop) {
        began = true;
        while (!stop.stop_requested()) std::this_thread::yield();
        return 7;
    };
    auto call = [&]() -> task<result<int>> { co_return co_await pool.run(job); };
    started<result<int>> running(home, limit.run(call));
    while (!began) std::this_thread::yield();
    time.advance(100ms);
    while (!running.ended()) home.poll();
    CHECK(running.outcome().error() == errc::deadline_exceeded);
}

TEST_CASE("two loops share a limit") {
    timeout limit(1h);
    const auto work = [&limit] {
        manual_clock time;
        loop home(time);
        for (int i = 0; i < 200; ++i) {
            auto call = sleeps_first(1s);
            started<result<int>> running(home, limit.run(call));
            time.advance(1s);
            home.poll();
            if (!running.ended() || !running.outcome()) std::terminate();
        }
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(limit.stats().calls == 400);
}
