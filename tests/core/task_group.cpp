// SPDX-License-Identifier: MIT
#include "support/until_cancelled.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task_group.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

using spawner = std::function<void(task_group&)>;

struct group_fixture {
    manual_clock time;
    loop home{time};
    context ctx{home};
    boost::asio::cancellation_signal signal;
    std::vector<std::string> log;
    std::optional<result<void>> outcome;
    std::exception_ptr thrown;

    // Logs its end after some time, unless it is cancelled.
    task<result<void>> work(std::string name, duration time_needed, error end = {}) {
        const auto slept = co_await sleep_for(time_needed);
        log.push_back(name + (slept ? "" : " " + std::string(slept.error().code())));
        if (!slept) co_return slept.error();
        if (end) co_return end;
        co_return ok();
    }
    task<result<void>> fail(std::string what) {
        if (auto slept = co_await sleep_for(1s); !slept) co_return slept.error();
        throw std::runtime_error(what);
    }
    // Ignores cancellation and ends when its channel says so.
    static task<result<void>> stubborn(channel<int>& end) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        (void)co_await end.receive();
        co_return ok();
    }

    task<void> run(spawner spawns, task<result<void>> rest) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        auto body = [&](task_group& group) -> task<result<void>> {
            spawns(group);
            co_return co_await std::move(rest);
        };
        outcome = co_await with_group(body);
    }
    static task<result<void>> nothing() { co_return ok(); }

    void start(spawner spawns) { start(std::move(spawns), nothing()); }
    void start(spawner spawns, task<result<void>> rest) {
        home.spawn(run(std::move(spawns), std::move(rest)), ctx, signal, [this](std::exception_ptr e) { thrown = e; });
        home.poll();
    }
    void pass(duration by) {
        time.advance(by);
        home.poll();
    }
    std::vector<std::string> take_log() { return std::exchange(log, {}); }
};

using group_log = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(group_fixture, "a group ends with the last of its tasks") {
    start([&](task_group& group) {
        group.spawn(work("a", 2s));
        group.spawn(work("b", 1s));
    });
    pass(1s);
    CHECK(take_log() == group_log{"b"});
    CHECK(!outcome);
    pass(1s);
    CHECK(take_log() == group_log{"a"});
    REQUIRE(outcome);
    CHECK(outcome->has_value());
}

TEST_CASE_FIXTURE(group_fixture, "a group without tasks ends with its body") {
    start([](task_group&) {}, work("body", 1s));
    CHECK(!outcome);
    pass(1s);
    CHECK(outcome->has_value());
}

TEST_CASE_FIXTURE(group_fixture, "the first failure cancels the other tasks and becomes the group's error") {
    start(
        [&](task_group& group) {
            group.spawn(work("a", 1s, errc::conflict));
            group.spawn(work("b", 2s, errc::internal));
        },
        work("body", 3s));
    pass(1s);
    CHECK(take_log() == group_log{"a", "body cancelled", "b cancelled"});
    CHECK(outcome->error() == errc::conflict);
}

TEST_CASE_FIXTURE(group_fixture, "a failing body cancels the tasks that it has spawned") {
    start([&](task_group& group) { group.spawn(work("a", 9s)); }, work("body", 1s, errc::conflict));
    pass(1s);
    CHECK(take_log() == group_log{"body", "a cancelled"});
    CHECK(outcome->error() == errc::conflict);
}

TEST_CASE_FIXTURE(group_fixture, "an exception of a task, of the body, or of calling the body is a failure") {
    start([&](task_group& group) {
        group.spawn(fail("broke"));
        group.spawn(work("a", 9s));
    });
    pass(1s);
    CHECK(take_log() == group_log{"a cancelled"});
    CHECK(outcome->error() == errc::internal);
    CHECK(outcome->error().cause().message() == "broke");

    start([&](task_group& group) {
        group.spawn(work("a", 9s));
        throw std::bad_alloc();
    });
    CHECK(outcome->error() == errc::unavailable);

    auto no_coroutine = [](task_group&) -> task<result<void>> { throw std::runtime_error("no task"); };
    CHECK(home.block_on(with_group(no_coroutine)).error().cause().message() == "no task");
}

TEST_CASE_FIXTURE(group_fixture, "a group waits for a task that continues after its cancellation") {
    channel<int> end;
    start([&](task_group& group) {
        group.spawn(stubborn(end));
        group.spawn(work("a", 1s, errc::conflict));
    });
    pass(1s);
    CHECK(!outcome);
    CHECK(end.try_send(1));
    home.poll();
    CHECK(outcome->error() == errc::conflict);
}

TEST_CASE_FIXTURE(group_fixture, "cancelling the waiter cancels the tasks and waits for them") {
    channel<int> end;
    start([&](task_group& group) {
        group.spawn(work("a", 9s));
        group.spawn(stubborn(end));
    });
    signal.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(take_log() == group_log{"a cancelled"});
    CHECK(!outcome);
    CHECK(end.try_send(1));
    home.poll();
    CHECK(outcome->error() == errc::cancelled);
}

TEST_CASE_FIXTURE(group_fixture, "a group cancelled before it begins spawns nothing") {
    home.spawn(run([&](task_group& group) { group.spawn(work("a", 0s)); }, nothing()), ctx, signal,
               [](std::exception_ptr) {});
    signal.emit(boost::asio::cancellation_type::total);
    home.poll();
    pass(1s);
    REQUIRE(outcome);
    CHECK(outcome->error() == errc::cancelled);
}

TEST_CASE_FIXTURE(group_fixture, "tasks see the waiter's request and deadline") {
    ctx.set_request_id("r-1");
    ctx.set_deadline(time.now() + 1s);
    std::string seen;
    auto look = [&]() -> task<result<void>> {
        seen = (co_await this_task).context().request_id();
        co_return ok();
    };
    start([&](task_group& group) {
        group.spawn(look());
        group.spawn(work("a", 2s));
    });
    CHECK(seen == "r-1");
    CHECK(take_log() == group_log{"a deadline_exceeded"});
    CHECK(outcome->error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(group_fixture, "no more tasks run at once than the limit allows, and the others follow in order") {
    std::vector<std::size_t> running;
    start([&](task_group& group) {
        group.set_limit(2);
        for (const char* name : {"a", "b", "c", "d", "e"}) group.spawn(work(name, 1s));
        running = {group.stats().running, group.stats().queued};
    });
    CHECK(running == std::vector<std::size_t>{2, 3});
    pass(1s);
    CHECK(take_log() == group_log{"a", "b"});
    pass(1s);
    CHECK(take_log() == group_log{"c", "d"});
    CHECK(!outcome);
    pass(1s);
    CHECK(take_log() == group_log{"e"});
    CHECK(outcome->has_value());
}

TEST_CASE_FIXTURE(group_fixture, "a limit may be raised, and must not be zero") {
    start([&](task_group& group) {
        group.set_limit(1);
        for (const char* name : {"a", "b"}) group.spawn(work(name, 1s));
        group.set_limit(5);
        CHECK(group.stats().running == 2);
        CHECK_THROWS_WITH_AS(group.set_limit(0), "task_group limit 0: accepted 1 or more", std::invalid_argument);
    });
    pass(1s);
    CHECK(outcome->has_value());
}

TEST_CASE_FIXTURE(group_fixture, "after a failure no task starts, queued or new") {
    const auto note = std::make_shared<int>();
    const auto hold = [this](std::shared_ptr<int>) -> task<result<void>> {
        log.push_back("ran");
        co_return ok();
    };
    task_group* all = nullptr;
    auto late = [&]() -> task<result<void>> {
        const auto slept = co_await sleep_for(9s);
        all->spawn(hold(note));
        CHECK(all->stats().queued == 0);
        co_return ok();
    };
    start([&](task_group& group) {
        all = &group;
        group.set_limit(2);
        group.spawn(late());
        group.spawn(work("a", 1s, errc::conflict));
        group.spawn(hold(note));
        CHECK(note.use_count() == 2);
    });
    pass(1s);
    CHECK(take_log() == group_log{"a"});
    CHECK(note.use_count() == 1);
    CHECK(outcome->error() == errc::conflict);
}

TEST_CASE_FIXTURE(group_fixture, "a cancelled group returns cancelled, even if its tasks succeed or never begin") {
    channel<int> end;
    start([&](task_group& group) {
        group.set_limit(1);
        group.spawn(stubborn(end));
        group.spawn(work("a", 1s));
    });
    signal.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(end.try_send(1));
    home.poll();
    CHECK(outcome->error() == errc::cancelled);
    CHECK(take_log().empty());
}

TEST_CASE_FIXTURE(group_fixture, "tasks may spawn more tasks, and groups may be nested") {
    task_group* all = nullptr;
    auto inner = [&](task_group& group) -> task<result<void>> {
        group.spawn(work("c", 1s));
        co_return co_await work("d", 2s);
    };
    auto more = [&]() -> task<result<void>> {
        all->spawn(work("a", 1s));
        auto ended = co_await with_group(inner);
        log.push_back("inner");
        co_return ended;
    };
    start([&](task_group& group) {
        all = &group;
        group.spawn(more());
    });
    pass(1s);
    pass(1s);
    CHECK(take_log() == group_log{"a", "c", "d", "inner"});
    CHECK(outcome->has_value());

    start([&](task_group& group) {
        all = &group;
        group.spawn(more());
        group.spawn(work("b", 1s, errc::conflict));
    });
    pass(1s);
    CHECK(outcome->error() == errc::conflict);
}

TEST_CASE("a loop that ends destroys a group's tasks before the objects they refer to") {
    std::vector<std::string> gone;
    struct note {
        std::vector<std::string>& gone;
        std::string name;
        ~note() { gone.push_back(name); }
    };
    auto task_of_group = [&](const note& outer, bool sleeps) -> task<result<void>> {
        const note mine{gone, "inside " + outer.name};
        channel<int> never;
        if (sleeps)
            (void)co_await sleep_for(1h);
        else
            (void)co_await never.receive();
        co_return ok();
    };
    auto nested = [&](const note& outer) -> task<result<void>> {
        const note mine{gone, "nested"};
        auto body = [&](task_group& group) -> task<result<void>> {
            group.spawn(task_of_group(mine, true));
            co_return co_await test_support::until_cancelled();
        };
        const auto ended = co_await with_group(body);
        CHECK(outer.name.empty());
        co_return ended;
    };
    {
        manual_clock time;
        loop home(time);
        auto work = [&]() -> task<void> {
            const note mine{gone, "outer"};
            auto body = [&](task_group& group) -> task<result<void>> {
                group.set_limit(3);
                group.spawn(task_of_group(mine, true));
                group.spawn(task_of_group(mine, false));
                group.spawn(nested(mine));
                group.spawn(task_of_group(mine, false)); // queued
                co_return ok();
            };
            (void)co_await with_group(body);
        };
        home.spawn(work());
        home.poll();
    }
    REQUIRE(gone.size() == 5);
    CHECK(std::ranges::find(gone, "inside nested") < std::ranges::find(gone, "nested"));
    CHECK(gone.back() == "outer");
}

TEST_CASE_FIXTURE(group_fixture, "when_all returns all values, or the first failure at once") {
    auto value = [](auto it, duration after, error end = {}) -> task<result<decltype(it)>> {
        if (auto slept = co_await sleep_for(after); !slept) co_return slept.error();
        if (end) co_return end;
        co_return it;
    };
    std::optional<result<std::tuple<int, std::string>>> got;
    auto ask = [&](error end) -> task<void> {
        got = co_await when_all(value(7, 1s, end), value(std::string("seven"), 2s));
    };
    home.spawn(ask({}));
    home.poll();
    pass(1s);
    CHECK(!got);
    pass(1s);
    REQUIRE(got);
    CHECK(std::get<0>(**got) == 7);
    CHECK(std::get<1>(**got) == "seven");

    got.reset();
    home.spawn(ask(errc::conflict));
    home.poll();
    pass(1s);
    REQUIRE(got);
    CHECK(got->error() == errc::conflict);
}
