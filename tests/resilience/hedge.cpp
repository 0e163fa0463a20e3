// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/hedge.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

using hedged_what = hedge_event::what;

// One attempt: its duration and its outcome.
struct planned {
    duration takes{};
    errc ends = errc::ok;
    bool deaf = false; // ignores cancellation
};

struct hedge_fixture {
    manual_clock time;
    loop home{time};
    std::vector<hedge_event> seen;
    std::vector<planned> plan;
    std::vector<errc> ended;
    int begun = 0;

    hedge_options options(duration delay = 50ms) {
        hedge_options made;
        made.delay = delay;
        made.on_event = [this](const hedge_event& event) { seen.push_back(event); };
        return made;
    }
    task<result<int>> attempt() {
        const int number = begun++;
        const planned mine = plan[static_cast<std::size_t>(number)];
        auto slept = co_await sleep_for(mine.takes);
        if (!slept && mine.deaf) {
            co_await boost::asio::this_coro::reset_cancellation_state();
            (void)co_await sleep_for(mine.takes);
        }
        const errc end = slept ? mine.ends : slept.error().kind();
        ended.push_back(end);
        if (end != errc::ok) co_return end;
        co_return number;
    }
    auto call() {
        return [this] { return attempt(); };
    }
    void advance(duration by) {
        time.advance(by);
        home.poll();
    }
};

} // namespace

TEST_CASE_FIXTURE(hedge_fixture, "a call that ends within the delay is made once") {
    hedge second(options());
    plan = {{49ms}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(49ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 0);
    advance(1s);
    CHECK(begun == 1);
    CHECK(second.stats().calls == 1);
    CHECK(second.stats().hedged == 0);
}

TEST_CASE_FIXTURE(hedge_fixture,
                  "the second attempt's result is used if it comes first, and the first one is cancelled") {
    hedge second(options());
    plan = {{1h}, {10ms}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(50ms);
    CHECK(begun == 2);
    CHECK(!running.ended());
    advance(10ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 1);
    CHECK(ended == std::vector<errc>{errc::ok, errc::cancelled});
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].kind == hedged_what::hedged);
    CHECK(seen[0].after == 50ms);
    CHECK(seen[1].kind == hedged_what::won);
    CHECK(seen[1].after == 60ms);
    CHECK(second.stats().hedged == 1);
    CHECK(second.stats().won == 1);
}

TEST_CASE_FIXTURE(hedge_fixture,
                  "the first attempt's result is used if it comes first, and the second one is cancelled") {
    hedge second(options());
    plan = {{55ms}, {1h}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(50ms);
    advance(5ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 0);
    CHECK(ended == std::vector<errc>{errc::ok, errc::cancelled});
    CHECK(second.stats().won == 0);
}

TEST_CASE_FIXTURE(hedge_fixture, "run() waits for an attempt that takes time to end") {
    hedge second(options());
    plan = {{1h, errc::ok, true}, {10ms}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(50ms);
    advance(10ms);
    CHECK(!running.ended());
    advance(1h);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 1);
}

TEST_CASE_FIXTURE(hedge_fixture, "a bad result leaves the call to the other attempt") {
    struct row {
        planned first;
        planned other;
        errc ends;
        int value;
    };
    for (const row& row :
         {row{{60ms, errc::unavailable}, {20ms}, errc::ok, 1}, row{{80ms}, {20ms, errc::unavailable}, errc::ok, 0},
          row{{60ms, errc::not_found}, {20ms, errc::unavailable}, errc::not_found, 0},
          row{{80ms, errc::not_found}, {20ms, errc::unavailable}, errc::not_found, 0}}) {
        hedge second(options());
        plan = {row.first, row.other};
        begun = 0;
        auto f = call();
        started<result<int>> running(home, second.run(f));
        for (int i = 0; i < 10; ++i) advance(10ms);
        REQUIRE(running.ended());
        if (row.ends == errc::ok)
            CHECK(running.outcome().value() == row.value);
        else
            CHECK(running.outcome().error() == row.ends);
    }
}

TEST_CASE_FIXTURE(hedge_fixture, "a first attempt that fails within the delay is returned at once") {
    hedge second(options());
    plan = {{10ms, errc::unavailable}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(10ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::unavailable);
    CHECK(begun == 1);
}

TEST_CASE_FIXTURE(hedge_fixture, "a second attempt isn't made if the budget refuses it") {
    retry_budget budget({.ratio = 0.5, .min_per_second = 0});
    auto given = options();
    given.budget = &budget;
    hedge second(given);
    for (int i = 0; i < 10; ++i) {
        plan = {{60ms}, {1h}};
        begun = 0;
        auto f = call();
        started<result<int>> running(home, second.run(f));
        advance(50ms);
        CHECK(begun == (i % 2 == 0 ? 1 : 2));
        advance(10ms);
        REQUIRE(running.ended());
    }
    CHECK(second.stats().hedged == 5);
    CHECK(second.stats().budget_refused == 5);
}

TEST_CASE_FIXTURE(hedge_fixture, "cancellation reaches both attempts") {
    hedge second(options());
    plan = {{1h}, {1h}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(50ms);
    CHECK(begun == 2);
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
    CHECK(ended == std::vector<errc>{errc::cancelled, errc::cancelled});
}

TEST_CASE_FIXTURE(hedge_fixture, "after cancellation before the delay there is no second attempt") {
    hedge second(options());
    plan = {{1h, errc::ok, true}, {1h}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    running.cancel();
    advance(50ms);
    CHECK(begun == 1);
    advance(1h);
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
}

TEST_CASE_FIXTURE(hedge_fixture, "without a fixed delay the second attempt starts when most calls would have ended") {
    auto given = options();
    given.delay.reset();
    given.min_calls = 100;
    hedge second(given);
    for (int i = 0; i < 100; ++i) {
        CHECK(seen.empty());
        plan = {{i < 90 ? 10ms : 40ms}};
        begun = 0;
        auto f = call();
        started<result<int>> running(home, second.run(f));
        advance(plan[0].takes);
        REQUIRE(running.ended());
    }
    plan = {{1h}, {1ms}};
    begun = 0;
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(39ms);
    CHECK(begun == 1);
    advance(6ms); // buckets of an eighth
    CHECK(begun == 2);
    advance(1ms);
    CHECK(running.ended());
}

TEST_CASE("observed times yield a percentile within an eighth, and old ones are dropped") {
    resilience::detail::observed_times times;
    for (int i = 1; i <= 1000; ++i) times.note(i * 1ms);
    const auto p95 = times.percentile(0.95);
    CHECK(p95 >= 950ms);
    CHECK(p95 <= 950ms * 9 / 8);
    for (int i = 0; i < 20'000; ++i) times.note(1ms);
    CHECK(times.percentile(0.99) < 2ms);
    CHECK(times.count() >= 1000);
    times.note(0ns);
    times.note(-1ns);
    times.note(duration::max());
    CHECK(times.percentile(0.99999) > 30s);
}

TEST_CASE_FIXTURE(hedge_fixture, "values, results and exceptions are returned as results") {
    hedge second(options());
    CHECK(home.block_on(second.run([] { return 7; })).value() == 7);
    CHECK(home.block_on(second.run([] {})).has_value());
    CHECK(home.block_on(second.run([]() -> int { throw std::runtime_error("broken"); })).error() == errc::internal);
    auto moves = []() -> task<result<std::unique_ptr<int>>> { co_return std::make_unique<int>(7); };
    CHECK(*home.block_on(second.run(moves)).value() == 7);
}

TEST_CASE_FIXTURE(hedge_fixture, "an observer that throws changes nothing") {
    auto given = options();
    given.on_event = [](const hedge_event&) { throw std::runtime_error("observer"); };
    hedge second(given);
    plan = {{1h}, {10ms}};
    auto f = call();
    started<result<int>> running(home, second.run(f));
    advance(50ms);
    advance(10ms);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 1);
}

TEST_CASE_FIXTURE(hedge_fixture,
                  "a delay of zero starts both attempts at once, an unlimited one never starts a second") {
    hedge at_once(options(0ns));
    plan = {{1h}, {1h}, {1h}};
    auto f = call();
    started<result<int>> running(home, at_once.run(f));
    home.poll();
    CHECK(begun == 2);
    running.cancel();
    CHECK(running.ended());
    hedge never(options(duration::max()));
    started<result<int>> alone(home, never.run(f));
    advance(30min);
    CHECK(begun == 3);
    alone.cancel();
}

TEST_CASE_FIXTURE(hedge_fixture, "a loop that ends destroys both attempts") {
    hedge second(options());
    auto held = std::make_shared<int>(1);
    {
        loop other(time);
        auto f = [held]() -> task<result<int>> {
            const auto mine = held;
            (void)co_await sleep_for(1h);
            co_return *mine;
        };
        auto run = [](hedge& by, auto g) -> task<void> { (void)co_await by.run(g); };
        other.spawn(run(second, f));
        other.poll();
        time.advance(50ms);
        other.poll();
        CHECK(held.use_count() > 4);
    }
    CHECK(held.use_count() == 1);
}

TEST_CASE("a hedge refuses options out of range") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(hedge({.delay = -1ns}), "hedge_options::delay = -1 ns: accepted 0 ns to duration::max()");
    for (const double wrong : {0.0, 1.0, -1.0, 2.0, nan})
        CHECK_THROWS_AS(hedge({.percentile = wrong}), std::invalid_argument);
    CHECK_THROWS_AS(hedge({.min_calls = 0}), std::invalid_argument);
    CHECK_THROWS_AS(hedge({.min_calls = 1001}), std::invalid_argument);
}

TEST_CASE("two loops share a hedge") {
    hedge second({.delay = 1ms});
    const auto work = [&second] {
        manual_clock time;
        loop home(time);
        for (int i = 0; i < 300; ++i) {
            int begun = 0;
            auto f = [&begun]() -> task<result<int>> {
                const int number = begun++;
                const duration takes = number == 0 ? duration(1h) : duration(1ms);
                (void)co_await sleep_for(takes);
                co_return number;
            };
            started<result<int>> running(home, second.run(f));
            time.advance(1ms);
            home.poll();
            time.advance(1ms);
            home.poll();
            running.cancel();
            if (!running.ended()) std::terminate();
        }
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(second.stats().calls == 600);
    CHECK(second.stats().won == second.stats().hedged);
    CHECK(second.stats().hedged + second.stats().budget_refused == 600);
}
