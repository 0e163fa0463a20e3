// SPDX-License-Identifier: MIT
#include "support/cancelled_early.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("with_deadline cancels work at its deadline and waits for its end") {
    manual_clock time;
    loop home(time);
    bool ended = false;
    std::string seen;
    auto slow = [&]() -> task<result<void>> {
        (co_await this_task).context().set_deadline(time_point::max()); // it ignores its deadline
        auto slept = co_await sleep_for(1h);
        seen = slept.error().code();
        ended = true;
        co_return slept;
    };
    result<void> outcome = ok();
    bool done = false;
    auto work = [&]() -> task<void> {
        outcome = co_await with_deadline(time.now() + 5s, slow());
        done = true;
    };
    home.spawn(work());
    home.poll();
    CHECK(!done);
    time.advance(5s);
    while (!done) home.poll();
    CHECK(ended);
    CHECK(seen == "cancelled");
    CHECK(outcome.error() == errc::deadline_exceeded);
}

namespace {

struct deadline_fixture {
    manual_clock time;
    loop home{time};
    context ctx{home};
    boost::asio::cancellation_signal cancel;
    std::exception_ptr thrown;
    bool ended = false;

    // Runs the task with a context, like a request's handler.
    void start(task<void> work) {
        ended = false;
        home.spawn(std::move(work), ctx, cancel, [this](std::exception_ptr failure) {
            thrown = failure;
            ended = true;
        });
        home.poll();
    }
    void advance(duration by) {
        time.advance(by);
        home.poll();
    }
};

task<time_point> deadline_here() { co_return (co_await this_task).context().deadline(); }

} // namespace

TEST_CASE_FIXTURE(deadline_fixture, "work that ends in time yields its own value or error, of any type") {
    auto text = []() -> task<result<std::string>> { co_return "in time"; };
    auto flag = []() -> task<result<bool>> { co_return false; };
    auto pointer = []() -> task<result<std::unique_ptr<int>>> { co_return std::make_unique<int>(7); };
    auto failing = []() -> task<result<int>> { co_return errc::not_found; };
    const auto at = time.now() + 1s;
    CHECK(home.block_on(with_deadline(at, text())).value() == "in time");
    CHECK(home.block_on(with_deadline(at, flag())).value() == false);
    CHECK(*home.block_on(with_deadline(at, pointer())).value() == 7);
    CHECK(home.block_on(with_deadline(at, failing())).error() == errc::not_found);
    CHECK(home.block_on(with_timeout(1s, text())).value() == "in time");
}

TEST_CASE_FIXTURE(deadline_fixture,
                  "work sees the earlier of both deadlines, and afterwards its caller sees its own again") {
    struct row {
        duration outer;
        duration limit;
        duration seen;
    };
    const auto now = time.now();
    for (const row& row : {row{1s, 5s, 1s}, row{5s, 1s, 1s}, row{duration::max(), 1s, 1s}, row{1s, duration::max(), 1s},
                           row{duration::max(), duration::max(), duration::max()}}) {
        const auto outer = detail::later(now, row.outer);
        time_point inside;
        time_point after;
        auto work = [&]() -> task<result<void>> {
            inside = co_await deadline_here();
            co_return ok();
        };
        auto call = [&]() -> task<void> {
            (void)co_await with_timeout(row.limit, work());
            after = co_await deadline_here();
        };
        ctx.set_deadline(outer);
        start(call());
        REQUIRE(ended);
        CHECK(inside == detail::later(now, row.seen));
        CHECK(after == outer);
    }
}

TEST_CASE_FIXTURE(deadline_fixture, "an exception of the work propagates, and the caller sees its own deadline again") {
    time_point after;
    auto work = []() -> task<result<int>> {
        throw std::runtime_error("broken");
        co_return 1;
    };
    auto call = [&]() -> task<void> {
        try {
            (void)co_await with_timeout(1s, work());
        } catch (const std::runtime_error&) {
            ended = true;
        }
        after = co_await deadline_here();
    };
    start(call());
    REQUIRE(ended);
    CHECK(after == time_point::max());
}

TEST_CASE_FIXTURE(deadline_fixture, "concurrent deadlines in one context don't affect each other") {
    time_point first;
    time_point second;
    auto look = [&](time_point& seen, duration later) -> task<result<void>> {
        (void)co_await sleep_for(later);
        seen = co_await deadline_here();
        co_return ok();
    };
    auto bounded = [&](duration limit, time_point& seen, duration later) -> task<void> {
        (void)co_await with_timeout(limit, look(seen, later));
    };
    auto call = [&]() -> task<void> {
        const executor here = co_await this_task;
        boost::asio::co_spawn(here, bounded(10s, first, 3s), boost::asio::detached);
        boost::asio::co_spawn(here, bounded(5s, second, 1s), boost::asio::detached);
    };
    const auto now = time.now();
    start(call());
    advance(2s);
    advance(2s);
    CHECK(first == now + 10s);
    CHECK(second == now + 5s);
    CHECK(ctx.deadline() == time_point::max());
}

TEST_CASE_FIXTURE(deadline_fixture, "the context's id and values are visible within, and attached values stay") {
    ctx.set_request_id("r-1");
    ctx.attach(std::string("principal"));
    std::string seen;
    auto work = [&]() -> task<result<void>> {
        context& inner = (co_await this_task).context();
        seen = inner.request_id() + " " + *inner.find<std::string>();
        inner.attach(7);
        inner.set_request_id("r-2");
        co_return ok();
    };
    auto nested = [&]() -> task<result<void>> { return with_timeout(1s, work()); };
    auto call = [&]() -> task<void> { (void)co_await with_timeout(2s, nested()); };
    start(call());
    REQUIRE(ended);
    CHECK(seen == "r-1 principal");
    REQUIRE(ctx.find<int>());
    CHECK(*ctx.find<int>() == 7);
    CHECK(ctx.request_id() == "r-2");
}

TEST_CASE_FIXTURE(deadline_fixture, "a context for a part of the work has no later deadline and holds the outer one") {
    ctx.set_deadline(time.now() + 1s);
    {
        const context earlier(ctx, time.now() + 500ms);
        context later(ctx, time.now() + 2s);
        const context within(later, time_point::max());
        CHECK(earlier.deadline() == time.now() + 500ms);
        CHECK(later.deadline() == time.now() + 1s);
        CHECK(within.deadline() == time.now() + 1s);
        CHECK(ctx.holders() == 3);
    }
    CHECK(ctx.holders() == 0);
}

TEST_CASE_FIXTURE(deadline_fixture, "an expired deadline keeps the work from starting") {
    bool ran = false;
    auto work = [&]() -> task<result<void>> {
        ran = true;
        co_return ok();
    };
    CHECK(home.block_on(with_timeout(0ns, work())).error() == errc::deadline_exceeded);
    CHECK(home.block_on(with_timeout(-1h, work())).error() == errc::deadline_exceeded);
    CHECK(home.block_on(with_deadline(time.now(), work())).error() == errc::deadline_exceeded);
    CHECK(home.block_on(with_deadline(time_point::min(), work())).error() == errc::deadline_exceeded);
    ctx.set_deadline(time.now());
    error late;
    auto call = [&]() -> task<void> { late = (co_await with_timeout(1h, work())).error(); };
    start(call());
    CHECK(late == errc::deadline_exceeded);
    CHECK(!ran);
}

TEST_CASE_FIXTURE(deadline_fixture, "the inner of two deadlines ends its work, the outer one ends everything") {
    error inner;
    error outer;
    int slept = 0;
    auto sleep = [&]() -> task<result<void>> {
        auto done = co_await sleep_for(duration(2s));
        slept += done.has_value();
        co_return done;
    };
    auto nested = [&]() -> task<result<void>> {
        inner = (co_await with_timeout(3s, sleep())).error();
        auto second = co_await with_timeout(3s, sleep());
        co_return second;
    };
    auto call = [&]() -> task<void> { outer = (co_await with_timeout(3s, nested())).error(); };
    start(call());
    for (int i = 0; i < 6 && !ended; ++i) advance(1s);
    REQUIRE(ended);
    CHECK(slept == 1);
    CHECK(!inner);
    CHECK(outer == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(deadline_fixture, "with_deadline waits for work that takes time to end") {
    auto stubborn = [&]() -> task<result<int>> {
        (co_await this_task).context().set_deadline(time_point::max());
        (void)co_await sleep_for(1h);
        co_await boost::asio::this_coro::reset_cancellation_state();
        (void)co_await sleep_for(1s);
        co_return 7;
    };
    error outcome;
    auto call = [&]() -> task<void> { outcome = (co_await with_timeout(5s, stubborn())).error(); };
    start(call());
    advance(5s);
    CHECK(!ended);
    advance(1s);
    CHECK(ended);
    CHECK(outcome == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(deadline_fixture, "cancelling the caller cancels the work, whose outcome is returned") {
    error outcome;
    auto sleep = []() -> task<result<void>> { return sleep_for(1h); };
    auto call = [&]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        outcome = (co_await with_timeout(2h, sleep())).error();
    };
    start(call());
    cancel.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(ended);
    CHECK(outcome == errc::cancelled);
}

TEST_CASE_FIXTURE(deadline_fixture, "a cancelled caller starts no work") {
    bool ran = false;
    auto work = [&]() -> task<result<void>> {
        ran = true;
        co_return ok();
    };
    const auto ends = test_support::ends_when_cancelled_early(home, [&]() -> task<result<void>> {
        (void)co_await sleep_for(1h);
        co_return co_await with_timeout(1h, work());
    });
    CHECK(ends == std::vector<errc>{errc::cancelled});
    CHECK(!ran);
}

TEST_CASE_FIXTURE(deadline_fixture, "a task spawned within sees its context after the work has ended") {
    std::string seen;
    auto later = [&]() -> task<void> {
        co_await boost::asio::post(co_await this_task, use_task);
        seen = (co_await this_task).context().request_id();
    };
    auto work = [&]() -> task<result<void>> {
        boost::asio::co_spawn(co_await this_task, later(), boost::asio::detached);
        co_return ok();
    };
    auto call = [&]() -> task<void> { (void)co_await with_timeout(1s, work()); };
    ctx.set_request_id("r-1");
    start(call());
    home.poll();
    CHECK(seen == "r-1");
    CHECK(ctx.holders() == 0);
}

TEST_CASE("after work with a deadline has ended, only the caller holds its context") {
    manual_clock time;
    loop home(time);
    auto ctx = std::make_unique<context>(home);
    boost::asio::cancellation_signal cancel;
    std::size_t before = 0;
    std::size_t after = 0;
    auto work = []() -> task<result<void>> {
        (void)co_await sleep_for(1s);
        co_return ok();
    };
    auto call = [&]() -> task<void> {
        before = ctx->holders();
        (void)co_await with_timeout(5s, work());
        after = ctx->holders();
    };
    home.spawn(call(), *ctx, cancel, [&](std::exception_ptr) {});
    home.poll();
    time.advance(1s);
    home.poll();
    CHECK(after == before);
    ctx.reset();
}

TEST_CASE("a loop that ends destroys work with a deadline") {
    manual_clock time;
    auto held = std::make_shared<int>(1);
    {
        loop home(time);
        auto work = [](std::shared_ptr<int>) -> task<result<void>> { return sleep_for(1h); };
        auto owner = [](std::shared_ptr<int> kept) -> task<result<void>> {
            auto slept = co_await sleep_for(1h);
            co_return kept ? slept : ok();
        };
        auto call = [](task<result<void>> inner) -> task<void> { (void)co_await with_timeout(2h, std::move(inner)); };
        home.spawn(call(owner(held)));
        home.poll();
        CHECK(held.use_count() == 2);
        (void)work;
    }
    CHECK(held.use_count() == 1);
}
