// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/blocking_pool.hpp>
#include <weir/core/lifecycle.hpp>
#include <weir/core/loop.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
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

TEST_CASE("on the machine's clock a sleep ends by itself") {
    loop home;
    const auto before = home.clock().now();
    CHECK(home.block_on(sleep_for(2ms)));
    CHECK(home.clock().now() - before >= 2ms);
}

TEST_CASE("a sleep beyond the context's deadline is refused at once") {
    manual_clock time;
    loop home(time);
    home.root_context().set_deadline(time.now() + 1s);
    CHECK(home.block_on(sleep_for(2s)).error() == errc::deadline_exceeded);
}

TEST_CASE("with_deadline cancels work at its deadline and waits for its end") {
    manual_clock time;
    loop home(time);
    bool ended = false;
    std::string seen;
    auto slow = [&]() -> task<result<void>> {
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

struct recorder {
    std::vector<std::string> lines;

    lifecycle::observer observe() {
        return [this](const lifecycle_event& event) {
            static constexpr const char* names[] = {"starting", "started", "stopping", "stopped", "failed", "cut"};
            lines.push_back(std::string(names[static_cast<int>(event.kind)]) + " " + std::string(event.part));
        };
    }
};

lifecycle_part part(std::string name, std::string& log) {
    lifecycle_part made;
    made.name = name;
    made.start = [&log, name]() -> task<result<void>> {
        log += "+" + name;
        co_return ok();
    };
    made.stop = [&log, name]() -> task<result<void>> {
        log += "-" + name;
        co_return ok();
    };
    return made;
}

} // namespace

TEST_CASE("parts start in order and stop in reverse") {
    loop home;
    std::string log;
    recorder seen;
    lifecycle parts(seen.observe());
    parts.add(part("db", log));
    parts.add(part("mq", log));
    CHECK(home.block_on(parts.start()));
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "+db+mq-mq-db");
    CHECK(seen.lines.front() == "starting db");
    CHECK(seen.lines.back() == "stopped db");
}

TEST_CASE("a part that fails to start stops those before it and names itself") {
    loop home;
    std::string log;
    recorder seen;
    lifecycle parts(seen.observe());
    parts.add(part("db", log));
    lifecycle_part broken;
    broken.name = "redis";
    broken.start = []() -> task<result<void>> { co_return error(errc::unavailable, "refused"); };
    parts.add(broken);
    parts.add(part("never", log));
    CHECK(home.block_on(parts.start()).error().message() == "refused");
    CHECK(log == "+db-db");
    CHECK(std::find(seen.lines.begin(), seen.lines.end(), "failed redis") != seen.lines.end());
}

TEST_CASE("a stop past its deadline is cut and the next part still stops") {
    manual_clock time;
    loop home(time);
    std::string log;
    recorder seen;
    lifecycle parts(seen.observe());
    parts.add(part("db", log));
    lifecycle_part stuck;
    stuck.name = "mq";
    stuck.stop = []() -> task<result<void>> { co_return co_await sleep_for(1h); };
    stuck.stop_deadline = 3s;
    parts.add(stuck);
    CHECK(home.block_on(parts.start()));

    bool clean = true;
    bool done = false;
    auto stop = [&]() -> task<void> {
        clean = co_await parts.stop();
        done = true;
    };
    home.spawn(stop());
    home.poll();
    time.advance(3s);
    while (!done) home.poll();
    CHECK(!clean);
    CHECK(log == "+db-db");
    CHECK(std::find(seen.lines.begin(), seen.lines.end(), "cut mq") != seen.lines.end());
}

TEST_CASE("a stop that doesn't end when it is cancelled is left behind and counted") {
    manual_clock time;
    loop home(time);
    std::string log;
    recorder seen;
    std::promise<void> entered;
    std::promise<void> opened;
    blocking_pool pool({.threads = 1}); // ends before what its job uses
    lifecycle parts(seen.observe());
    parts.add(part("db", log));
    lifecycle_part stubborn;
    stubborn.name = "mq";
    stubborn.stop = [&]() -> task<result<void>> {
        auto job = [&] {
            entered.set_value();
            opened.get_future().wait();
        };
        co_return co_await pool.run(job);
    };
    stubborn.stop_deadline = 3s;
    parts.add(stubborn);
    CHECK(home.block_on(parts.start()));

    std::optional<bool> clean;
    auto stop = [&]() -> task<void> { clean = co_await parts.stop(); };
    home.spawn(stop());
    home.poll();
    entered.get_future().wait();
    time.advance(3s);
    home.poll();
    CHECK(!clean);
    time.advance(lifecycle::patience);
    home.poll();
    CHECK(clean == false);
    CHECK(log == "+db-db");
    CHECK(parts.left() == 1);
    CHECK(std::find(seen.lines.begin(), seen.lines.end(), "cut mq") != seen.lines.end());
    opened.set_value();
}

TEST_CASE("a loop waits for the jobs of its tasks before it goes") {
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
