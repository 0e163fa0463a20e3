// SPDX-License-Identifier: MIT
#include <weir/core/background.hpp>
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task_group.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct background_fixture {
    manual_clock time;
    loop home{time};
    std::vector<std::string> log;
    std::optional<result<void>> stopped;

    task<void> tick() {
        log.push_back("begins");
        for (;;) {
            const auto slept = co_await sleep_for(1s);
            if (!slept) break;
            log.push_back("tick");
        }
        log.push_back("ends");
    }
    // Ends only when its channel is closed or gets a value; ignores cancellation.
    static task<void> stubborn(channel<int>& end) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        (void)co_await end.receive();
    }

    task<void> stop(const background& work) { stopped = co_await work.stop(); }
    void start_stop(const background& work) {
        stopped.reset();
        home.spawn(stop(work));
        home.poll();
    }
    void pass(duration by) {
        time.advance(by);
        home.poll();
    }
    std::vector<std::string> take_log() { return std::exchange(log, {}); }
};

using background_log = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(background_fixture, "background work runs until it is stopped, and stop() waits for its end") {
    const background work = home.start(tick());
    CHECK(take_log().empty());
    home.poll();
    pass(1s);
    CHECK(work.running());
    CHECK(home.background() == 1);
    start_stop(work);
    CHECK(take_log() == background_log{"begins", "tick", "ends"});
    REQUIRE(stopped);
    CHECK(stopped->has_value());
    CHECK(!work.running());
    CHECK(home.background() == 0);
}

TEST_CASE_FIXTURE(background_fixture, "work stopped before it began never begins") {
    const auto note = std::make_shared<int>();
    auto count = [this](std::shared_ptr<int>) -> task<void> { co_return log.push_back("ran"); };
    const background work = home.start(count(note));
    work.cancel();
    CHECK(home.block_on(work.stop()));
    CHECK(take_log().empty());
    CHECK(note.use_count() == 1);
    CHECK(home.background() == 0);
}

TEST_CASE_FIXTURE(background_fixture, "stop() returns at once after the end, a second time, and for an empty handle") {
    auto nothing = []() -> task<void> { co_return; };
    const background work = home.start(nothing());
    home.poll();
    CHECK(!work.running());
    for (int i = 0; i < 2; ++i) CHECK(home.block_on(work.stop()));
    const background none;
    CHECK(!none.running());
    CHECK(home.block_on(none.stop()));
}

TEST_CASE_FIXTURE(background_fixture, "every stop() waits for work that continues after its cancellation") {
    channel<int> end;
    const background work = home.start(stubborn(end));
    home.poll();
    int ended = 0;
    auto wait = [&]() -> task<void> {
        CHECK(co_await work.stop());
        ++ended;
    };
    home.spawn(wait());
    home.spawn(wait());
    home.poll();
    CHECK(ended == 0);
    CHECK(work.running());
    CHECK(end.try_send(1));
    home.poll();
    CHECK(ended == 2);
}

TEST_CASE_FIXTURE(background_fixture,
                  "a task waiting in stop() may be cancelled or pass its deadline, and the work still ends") {
    channel<int> end;
    const background work = home.start(stubborn(end));
    context ctx(home);
    boost::asio::cancellation_signal cancel;
    ctx.set_deadline(time.now() + 1s);
    const auto ask = [&] {
        stopped.reset();
        auto asking = [](background_fixture& all, const background& of) -> task<void> {
            co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
            co_await boost::asio::this_coro::throw_if_cancelled(false);
            co_await all.stop(of);
        };
        home.spawn(asking(*this, work), ctx, cancel, [](std::exception_ptr) {});
        home.poll();
    };
    ask();
    pass(1s);
    CHECK(stopped.value().error() == errc::deadline_exceeded);
    ctx.set_deadline(time_point::max());
    ask();
    cancel.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(stopped.value().error() == errc::cancelled);
    CHECK(end.try_send(1));
    home.poll();
    CHECK(!work.running());
}

TEST_CASE_FIXTURE(background_fixture,
                  "work that stops itself, directly or in a task of its own, is cancelled and doesn't wait") {
    background work;
    std::vector<errc> asked;
    auto stop_itself = [&]() -> task<result<void>> {
        const auto mine = co_await work.stop();
        asked.push_back(mine.error().kind());
        co_return ok();
    };
    auto body = [&](task_group& group) -> task<result<void>> {
        group.spawn(stop_itself());
        co_return co_await stop_itself();
    };
    auto run = [&]() -> task<void> {
        (void)co_await with_group(body);
        if (auto slept = co_await sleep_for(1s); !slept) log.emplace_back(slept.error().code());
    };
    work = home.start(run());
    home.poll();
    CHECK(asked == std::vector{errc::cancelled, errc::cancelled});
    CHECK(take_log() == background_log{"cancelled"});
    CHECK(!work.running());
}

TEST_CASE_FIXTURE(background_fixture, "destroying or reassigning a handle cancels its work") {
    {
        const background work = home.start(tick());
        home.poll();
    }
    home.poll();
    CHECK(take_log() == background_log{"begins", "ends"});

    background work = home.start(tick());
    home.poll();
    work = home.start(tick());
    home.poll();
    CHECK(take_log() == background_log{"begins", "begins", "ends"});
    background moved(std::move(work));
    home.poll();
    CHECK(take_log().empty());
    CHECK(moved.running());
    CHECK(home.background() == 1);
    background& same = moved;
    moved = std::move(same);
    home.poll();
    CHECK(moved.running());
}

TEST_CASE_FIXTURE(background_fixture,
                  "a handle may outlive the loop, and may be in a frame that is destroyed with it") {
    background kept;
    int gone = 0;
    {
        loop other(time);
        auto wait = [&](bool owns) -> task<void> {
            const std::shared_ptr<int> note(&gone, [](int* count) { ++*count; });
            background mine;
            if (owns) mine = other.start(tick());
            (void)co_await sleep_for(1h);
        };
        kept = other.start(wait(true));
        other.spawn(wait(true));
        other.poll();
        CHECK(kept.running());
    }
    CHECK(gone == 2);
    CHECK(!kept.running());
    kept.cancel();
    CHECK(home.block_on(kept.stop()));
}

TEST_CASE_FIXTURE(background_fixture,
                  "an exception of the work propagates out of the loop, and stop() doesn't see it") {
    auto fail = []() -> task<void> {
        (void)co_await sleep_for(1s);
        throw std::runtime_error("broke");
    };
    const background work = home.start(fail());
    home.poll();
    home.spawn(stop(work));
    CHECK_THROWS_WITH(home.poll(), "broke");
    home.poll();
    CHECK(!work.running());
    REQUIRE(stopped);
    CHECK(stopped->has_value());
}

TEST_CASE_FIXTURE(background_fixture, "work has its own context and counts with the loop's other background work") {
    home.root_context().set_deadline(time.now());
    bool unlimited = false;
    auto look = [&]() -> task<void> {
        unlimited = (co_await this_task).context().deadline() == time_point::max();
        (void)co_await sleep_for(1h);
    };
    const background work = home.start(look());
    home.poll();
    CHECK(unlimited);
    int ended = 0;
    home.on_background_end([&] { ++ended; });
    home.cancel_background();
    home.poll();
    CHECK(ended == 1);
    CHECK(!work.running());
}
