// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/wall_now.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("timers fire in order of time when the manual clock moves") {
    manual_clock time;
    loop home(time);
    std::string fired;
    home.call_at(time.now() + 20ms, [&] { fired += 'b'; });
    home.call_at(time.now() + 10ms, [&] { fired += 'a'; });
    const auto gone = home.call_at(time.now() + 15ms, [&] { fired += 'x'; });
    CHECK(home.cancel_timer(gone));
    CHECK(!home.cancel_timer(gone));

    home.poll();
    CHECK(fired.empty());
    time.advance(10ms);
    home.poll();
    CHECK(fired == "a");
    time.advance(1h);
    home.poll();
    CHECK(fired == "ab");
}

TEST_CASE("on the machine's clock a sleep ends without being polled") {
    loop home;
    const auto before = home.clock().now();
    CHECK(home.block_on(sleep_for(2ms)));
    CHECK(home.clock().now() - before >= 2ms);
}

TEST_CASE("a task reads the present time from its loop's clock") {
    manual_clock time;
    loop home(time);
    const wall_time before = home.block_on(wall_now());
    CHECK(before == time.wall_now());
    time.advance(1h);
    CHECK(home.block_on(wall_now()) == before + 1h);
}

TEST_CASE("a sleep beyond the context's deadline is refused at once") {
    manual_clock time;
    loop home(time);
    home.root_context().set_deadline(time.now() + 1s);
    CHECK(home.block_on(sleep_for(2s)).error() == errc::deadline_exceeded);
}

TEST_CASE("a loop waits for its tasks' jobs before it is destroyed") {
    blocking_pool pool({.threads = 1});
    std::promise<void> entered;
    std::atomic<bool> destroying{false};
    std::atomic<bool> ended{false};
    bool went_on = false;
    {
        std::optional<loop> home(std::in_place);
        auto job = [&] {
            entered.set_value();
            while (!destroying) std::this_thread::yield();
            ended = true;
        };
        auto work = [&]() -> task<void> {
            const auto ran = co_await pool.run(job);
            went_on = ran.has_value();
        };
        home->spawn(work());
        home->poll();
        entered.get_future().wait();
        destroying = true;
        home.reset();
        CHECK(ended);
    }
    CHECK(!went_on);
}

namespace {

// Its destructor cancels a timer of its loop and sets another, as part of a task's frame may.
struct timer_guard {
    explicit timer_guard(loop& on) : home(on), timer(on.call_at(on.now() + 1h, [] {})) {}
    ~timer_guard() {
        home.cancel_timer(timer);
        home.call_at(home.now(), [] {});
    }
    timer_guard(const timer_guard&) = delete;

    loop& home;
    loop::timer_id timer;
};

task<void> wait_on_asio(int& gone) {
    const executor here = co_await this_task;
    boost::asio::steady_timer never(here.context().loop().io(), 1h);
    const timer_guard guard(here.context().loop());
    const std::shared_ptr<int> note(&gone, [](int* count) { ++*count; });
    co_await never.async_wait(use_task);
}

task<void> wait_on_timer(int& gone) {
    const executor here = co_await this_task;
    const timer_guard guard(here.context().loop());
    const std::shared_ptr<int> note(&gone, [](int* count) { ++*count; });
    (void)co_await sleep_for(1h);
}

} // namespace

TEST_CASE("a loop that ends destroys its suspended tasks, whatever they do to its timers") {
    int gone = 0;
    {
        loop home;
        for (int i = 0; i < 3; ++i) {
            home.spawn(wait_on_asio(gone));
            home.spawn(wait_on_timer(gone));
        }
        home.poll();
    }
    CHECK(gone == 6);
}

TEST_CASE("block_on that ends with an exception leaves its task in the loop") {
    loop home;
    bool ended = false;
    auto work = [&]() -> task<int> {
        co_await boost::asio::post(use_task);
        ended = true;
        co_return 7;
    };
    auto fail = []() -> task<void> {
        throw std::runtime_error("another task's");
        co_return;
    };
    home.post([&] { home.spawn(fail()); });
    CHECK_THROWS_WITH(home.block_on(work()), "another task's");
    CHECK(!ended);
    while (!ended) home.poll();
    CHECK(home.block_on(work()) == 7);
}
