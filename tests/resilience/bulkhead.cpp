// SPDX-License-Identifier: MIT
// labels: concurrency
#include "support/cancelled_early.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/bulkhead.hpp>
#include <weir/resilience/stack.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// One place, three waiting calls for up to five seconds, on a manual clock.
struct bulkhead_fixture {
    manual_clock time;
    loop home{time};
    std::vector<bulkhead_refusal> refusals;
    std::unique_ptr<bulkhead> slots = std::make_unique<bulkhead>(options());
    std::string trace; // the names of the calls that ran, in order, and their refusals

    bulkhead_options options() {
        bulkhead_options given;
        given.name = "search";
        given.max_concurrent = 1;
        given.max_waiting = 3;
        given.max_wait = 5s;
        given.on_event = [this](const bulkhead_event& one) {
            CHECK(one.bulkhead == "search");
            refusals.push_back(one.why);
        };
        return given;
    }

    task<void> call(char name) {
        auto work = [&]() -> task<result<void>> {
            trace += name;
            co_return ok();
        };
        const auto ended = co_await slots->run(work);
        if (!ended) trace.append(ended.error().code()) += ' ';
    }
    void start(const std::string& names) {
        for (const char name : names) home.spawn(call(name));
        home.poll();
    }
    bulkhead::permit take() { return slots->try_acquire().value(); }
    void give_back(bulkhead::permit given) {
        { const bulkhead::permit gone = std::move(given); }
        home.poll();
    }
};

bool bulkhead_takes(bulkhead_options given) {
    try {
        const bulkhead made(std::move(given));
        return true;
    } catch (const std::invalid_argument& wrong) {
        CHECK(std::string(wrong.what()).starts_with("bulkhead_options.max_"));
        return false;
    }
}

} // namespace

TEST_CASE_FIXTURE(bulkhead_fixture, "a call is made at once if a place is free") {
    CHECK(home.block_on(slots->run([] { return 7; })).value() == 7);
    CHECK(home.block_on(slots->run([]() -> result<bool> { return errc::conflict; })).error() == errc::conflict);
    CHECK(home.block_on(slots->run([]() -> int { throw std::runtime_error("?"); })).error() == errc::internal);
    CHECK(slots->stats().admitted == 3);
    CHECK(slots->stats().waited == 0);
    CHECK(slots->stats().in_flight == 0);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a place is taken until its permit is destroyed, wherever the permit was moved") {
    auto place = slots->try_acquire();
    REQUIRE(place.has_value());
    CHECK(slots->try_acquire().error().code() == "bulkhead_full");
    bulkhead::permit moved = std::move(*place);
    CHECK(slots->stats().in_flight == 1);
    { const bulkhead::permit last = std::move(moved); }
    CHECK(slots->stats().in_flight == 0);
    moved = slots->try_acquire().value();
    CHECK(slots->stats().in_flight == 1);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "calls wait in line, and the end of each lets the first one proceed") {
    auto place = take();
    start("abc");
    CHECK(trace.empty());
    CHECK(slots->stats().waiting == 3);
    give_back(std::move(place));
    CHECK(trace == "abc");
    CHECK(slots->stats().waited == 3);
    CHECK(slots->stats().admitted == 4);
    CHECK(slots->stats().in_flight == 0);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "one call too many is refused at once") {
    const auto place = take();
    start("abcd");
    CHECK(trace == "bulkhead_full ");
    CHECK(refusals == std::vector{bulkhead_refusal::full});
    CHECK(slots->stats().refused == 1);
    const error refused = slots->try_acquire().error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.retry_after() == 1);
    CHECK(refused.describe().find("bulkhead search") != std::string::npos);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "no call overtakes a waiting one, even if a place is free by now") {
    auto place = take();
    start("a");
    { const auto given_back = std::move(place); } // granted to a, which hasn't resumed yet
    CHECK(slots->try_acquire().has_error());
    home.poll();
    CHECK(trace == "a");
    CHECK(slots->try_acquire().has_value());
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a call waits up to max_wait and leaves its place in line to the others") {
    const auto place = take();
    start("a");
    time.advance(4s);
    start("b");
    time.advance(1s - 1ns);
    home.poll();
    CHECK(trace.empty());
    time.advance(1ns);
    home.poll();
    CHECK(trace == "bulkhead_full ");
    CHECK(refusals == std::vector{bulkhead_refusal::waited});
    CHECK(slots->stats().refused_waiting == 1);
    CHECK(slots->stats().waiting == 1);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "without max_wait no call waits") {
    auto given = options();
    given.max_wait = 0s;
    slots = std::make_unique<bulkhead>(given);
    const auto place = take();
    start("a");
    CHECK(trace == "bulkhead_full ");
    given.max_wait = 5s;
    given.max_waiting = 0;
    slots = std::make_unique<bulkhead>(given);
    const auto other = take();
    start("b");
    CHECK(trace == "bulkhead_full bulkhead_full ");
    CHECK(slots->stats().waited == 0);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "the context's deadline ends a wait, even one without a limit") {
    auto given = options();
    given.max_wait = duration::max();
    slots = std::make_unique<bulkhead>(given);
    const auto place = take();
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    ctx.set_deadline(time.now() + 2s);
    home.spawn(call('a'), ctx, cancel, [](std::exception_ptr) {});
    start("b");
    time.advance(2s);
    home.poll();
    CHECK(trace == "deadline_exceeded ");
    CHECK(slots->stats().waiting == 1);
    context over(home);
    over.set_deadline(time.now());
    home.spawn(call('c'), over, cancel, [](std::exception_ptr) {});
    home.poll();
    CHECK(trace == "deadline_exceeded deadline_exceeded ");
    time.advance(24h * 365);
    home.poll();
    CHECK(slots->stats().waiting == 1); // b
    CHECK(slots->stats().left_waiting == 1);
    CHECK(refusals.empty());
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a cancelled call leaves the line and the next one moves up") {
    auto place = take();
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    auto ask = [&]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_await call('a');
    };
    home.spawn(ask(), ctx, cancel, [](std::exception_ptr) {});
    start("b");
    cancel.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(trace == "cancelled ");
    give_back(std::move(place));
    CHECK(trace == "cancelled b");
    CHECK(slots->stats().left_waiting == 1);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a call cancelled before it waits, or refused, ends once") {
    const auto place = take();
    auto never = [] {};
    auto call = [&] { return slots->run(never); };
    CHECK(test_support::ends_when_cancelled_early(home, call).size() == 1);
    start("abc");
    CHECK(test_support::ends_when_cancelled_early(home, call).size() == 1);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "acquire waits like run and returns the place") {
    auto place = take();
    std::optional<bulkhead::permit> got;
    auto ask = [&]() -> task<void> {
        auto granted = co_await slots->acquire();
        got.emplace(std::move(*granted));
    };
    home.spawn(ask());
    home.poll();
    CHECK(!got);
    give_back(std::move(place));
    REQUIRE(got);
    CHECK(slots->stats().in_flight == 1);
    got.reset();
    home.spawn(ask());
    home.poll();
    CHECK(got);
}

TEST_CASE_FIXTURE(bulkhead_fixture,
                  "raising the limit lets as many waiting calls proceed; lowering it waits for calls in flight") {
    auto first = take();
    start("abc");
    slots->set_max_concurrent(3);
    CHECK(slots->stats().in_flight == 3);
    home.poll();
    CHECK(trace == "abc");
    std::vector<bulkhead::permit> held;
    held.push_back(take());
    held.push_back(take());
    slots->set_max_concurrent(1);
    CHECK(slots->stats().max_concurrent == 1);
    CHECK(slots->stats().in_flight == 3);
    start("d");
    held.clear();
    home.poll();
    CHECK(trace == "abc"); // the first one is still in flight
    give_back(std::move(first));
    CHECK(trace == "abcd");
    CHECK_THROWS_AS(slots->set_max_concurrent(0), std::invalid_argument);
}

TEST_CASE("a bulkhead needs at least one place and a non-negative max_wait") {
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    CHECK(bulkhead_takes({.max_concurrent = most, .max_waiting = most, .max_wait = duration::max()}));
    CHECK(!bulkhead_takes({.max_concurrent = 0}));
    CHECK(!bulkhead_takes({.max_wait = duration(-1)}));
    CHECK(!bulkhead_takes({.max_wait = duration::min()}));
}

TEST_CASE_FIXTURE(bulkhead_fixture, "destroying a bulkhead refuses waiting calls and lets calls in flight end") {
    auto place = take();
    start("ab");
    slots.reset();
    home.poll();
    CHECK(trace == "unavailable unavailable ");
    give_back(std::move(place));
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a call may destroy its own bulkhead") {
    auto last = [&]() -> task<result<int>> {
        slots.reset();
        co_return 7;
    };
    CHECK(home.block_on(slots->run(last)).value() == 7);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "destroying a loop removes its calls from the line, wherever the place is held") {
    auto place = take();
    auto other = std::make_unique<loop>(time);
    for (const char name : std::string("ab")) other->spawn(call(name));
    other->poll();
    start("c");
    CHECK(slots->stats().waiting == 3);
    SUBCASE("while they wait") { other.reset(); }
    SUBCASE("when one has a place and hasn't resumed yet") {
        { const auto given_back = std::move(place); }
        CHECK(slots->stats().in_flight == 1);
        CHECK(slots->stats().waiting == 2);
        other.reset();
    }
    home.poll();
    { const auto given_back = std::move(place); }
    home.poll();
    CHECK(trace == "c");
    CHECK(slots->stats().in_flight == 0);
    CHECK(slots->stats().waiting == 0);
}

TEST_CASE("a loop can be destroyed while its own task holds the place that its calls wait for") {
    manual_clock time;
    bulkhead slots({.max_concurrent = 1, .max_wait = duration::max()});
    {
        loop home(time);
        auto sleep = []() -> task<result<void>> { co_return co_await sleep_for(1h); };
        auto ask = [&]() -> task<void> { (void)co_await slots.run(sleep); };
        for (int i = 0; i < 3; ++i) home.spawn(ask());
        home.poll();
        CHECK(slots.stats().in_flight == 1);
        CHECK(slots.stats().waiting == 2);
    }
    CHECK(slots.stats().in_flight == 0);
    CHECK(slots.stats().waiting == 0);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a refusal's observer may use the bulkhead and may throw") {
    auto given = options();
    given.max_waiting = 0;
    given.on_event = [this](const bulkhead_event&) {
        slots->set_max_concurrent(2);
        CHECK(slots->stats().refused == 1);
        throw std::runtime_error("no pager");
    };
    slots = std::make_unique<bulkhead>(given);
    const auto place = take();
    start("ab");
    CHECK(trace == "bulkhead_full b");
    CHECK(slots->stats().events_failed == 1);
}

TEST_CASE_FIXTURE(bulkhead_fixture, "a bulkhead is a layer of a stack") {
    const stack policy{*slots};
    CHECK(home.block_on(policy.run([]() -> result<int> { return 7; })).value() == 7);
}

TEST_CASE("a call waiting on another loop proceeds there") {
    bulkhead slots({.max_concurrent = 1, .max_wait = duration::max()});
    std::optional<bulkhead::permit> place(slots.try_acquire().value());
    std::thread other([&] {
        loop home;
        const auto here = std::this_thread::get_id();
        auto where = [&] { return std::this_thread::get_id() == here; };
        CHECK(home.block_on(slots.run(where)).value());
    });
    while (slots.stats().waiting == 0) std::this_thread::yield();
    place.reset();
    other.join();
    CHECK(slots.stats().in_flight == 0);
}

TEST_CASE("calls of two loops never exceed the places, and none is lost") {
    bulkhead slots({.max_concurrent = 3, .max_waiting = 1000, .max_wait = duration::max()});
    std::atomic<int> at_once = 0;
    std::atomic<int> most = 0;
    std::atomic<int> done = 0;
    const auto serve = [&] {
        loop home;
        auto work = [&]() -> task<result<void>> {
            const int now = ++at_once;
            int before = most;
            while (before < now && !most.compare_exchange_weak(before, now)) {
            }
            co_await boost::asio::post(co_await this_task, use_task); // lets the others run
            --at_once;
            co_return ok();
        };
        int left = 20;
        auto ask = [&]() -> task<void> {
            for (int i = 0; i < 100; ++i) {
                const auto ended = co_await slots.run(work);
                if (ended) ++done;
            }
            --left;
        };
        for (int i = 0; i < 20; ++i) home.spawn(ask());
        while (left > 0) home.run_one();
    };
    std::thread other(serve);
    serve();
    other.join();
    CHECK(done == 4000);
    CHECK(most == 3);
    CHECK(slots.stats().admitted == 4000);
    CHECK(slots.stats().in_flight == 0);
    CHECK(slots.stats().waiting == 0);
}

TEST_CASE("loops are created and destroyed while another one grants them places") {
    bulkhead slots({.max_concurrent = 1, .max_waiting = 1000, .max_wait = duration::max()});
    std::atomic<bool> over = false;
    std::thread giver([&] {
        while (!over)
            if (auto place = slots.try_acquire()) std::this_thread::yield();
    });
    for (int i = 0; i < 500; ++i) {
        loop home;
        auto work = [] {};
        auto ask = [&]() -> task<void> { (void)co_await slots.run(work); };
        for (int call = 0; call < 4; ++call) home.spawn(ask());
        home.poll();
    }
    over = true;
    giver.join();
    CHECK(slots.stats().in_flight == 0);
    CHECK(slots.stats().waiting == 0);
}
