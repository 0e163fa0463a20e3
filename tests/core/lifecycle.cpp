// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/blocking_pool.hpp>
#include <weir/core/lifecycle.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

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

TEST_CASE("a part that fails to start is named, and stop() ends the parts before it") {
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
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "+db-db");
    CHECK(std::find(seen.lines.begin(), seen.lines.end(), "failed redis") != seen.lines.end());
}

TEST_CASE("a stop past its deadline is cut off and the next part still stops") {
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

TEST_CASE("a stop that doesn't end after its cancellation is abandoned and counted") {
    manual_clock time;
    loop home(time);
    std::string log;
    recorder seen;
    std::promise<void> entered;
    std::promise<void> opened;
    blocking_pool pool({.threads = 1}); // ends before the objects that its job uses
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

namespace {

lifecycle_part stop_only(std::string name, std::string& log) {
    lifecycle_part made = part(std::move(name), log);
    made.start = {};
    return made;
}

// A start that takes a day unless it is cancelled.
lifecycle_part slow_start(duration deadline) {
    lifecycle_part made;
    made.name = "migrations";
    made.start = []() -> task<result<void>> { co_return co_await sleep_for(24h); };
    made.start_deadline = deadline;
    return made;
}

// Starts the parts in `poll()`, on the loop's manual clock.
struct slow_lifecycle {
    manual_clock time;
    loop home{time};
    recorder seen;
    lifecycle parts{seen.observe()};
    std::string log;
    std::optional<result<void>> outcome;

    void begin() {
        home.spawn(start());
        home.poll();
    }
    task<void> start() { outcome = co_await parts.start(); }
    bool saw(std::string_view line) const {
        return std::find(seen.lines.begin(), seen.lines.end(), line) != seen.lines.end();
    }
};

} // namespace

TEST_CASE("parts added by a start step come right after it, however many") {
    loop home;
    std::string log;
    lifecycle parts;
    lifecycle_part opener = part("db", log);
    opener.start = [&]() -> task<result<void>> {
        log += "+db";
        parts.add(stop_only("pool", log));
        for (int i = 0; i < 100; ++i) parts.add(part(std::to_string(i % 10), log));
        co_return ok();
    };
    parts.add(opener);
    parts.add(part("mq", log));
    CHECK(home.block_on(parts.start()));
    CHECK(home.block_on(parts.stop()));
    CHECK(log.starts_with("+db+0+1+2"));
    CHECK(log.find("+9+mq-mq-9") != std::string::npos);
    CHECK(log.ends_with("-1-0-pool-db"));
}

TEST_CASE("a failed start step has its added parts without a start stopped, and nothing else") {
    loop home;
    std::string log;
    lifecycle parts;
    lifecycle_part broken = part("db", log);
    broken.start = [&]() -> task<result<void>> {
        parts.add(stop_only("socket", log));
        parts.add(part("never", log));
        co_return errc::unavailable;
    };
    parts.add(broken);
    CHECK(home.block_on(parts.start()).error() == errc::unavailable);
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "-socket");
}

TEST_CASE("after the start only parts without a start may be added") {
    loop home;
    std::string log;
    lifecycle parts;
    CHECK(home.block_on(parts.start()));
    CHECK_THROWS_WITH_AS(
        parts.add(part("late", log)), "\"late\" has a start function, but the start is over already", std::logic_error);
    parts.add(stop_only("db", log));
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "-db");
}

TEST_CASE("a stop step may add another stop, which runs next") {
    loop home;
    std::string log;
    lifecycle parts;
    lifecycle_part flush = stop_only("log", log);
    flush.stop = [&]() -> task<result<void>> {
        parts.add(stop_only("file", log));
        co_return ok();
    };
    parts.add(stop_only("db", log));
    parts.add(flush);
    CHECK(home.block_on(parts.start()));
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "-file-db");
}

TEST_CASE_FIXTURE(slow_lifecycle, "a start past its deadline is cut off, and one without a deadline never is") {
    parts.add(slow_start(duration::max()));
    parts.add(slow_start(5s));
    begin();
    time.advance(24h);
    home.poll();
    CHECK(saw("started migrations"));
    CHECK(!outcome);
    time.advance(5s);
    home.poll();
    CHECK(outcome->error() == errc::deadline_exceeded);
    CHECK(saw("cut migrations"));
    CHECK(parts.stop_time() == 2 * (10s + lifecycle::patience));
}

TEST_CASE_FIXTURE(slow_lifecycle, "cancelling the start ends its step, begins no other and stops the started parts") {
    parts.add(part("db", log));
    parts.add(slow_start(30s));
    parts.add(part("never", log));
    begin();
    CHECK(!outcome);
    parts.cancel_start();
    home.poll();
    CHECK(outcome->error() == errc::cancelled);
    CHECK(home.block_on(parts.stop()));
    CHECK(log == "+db-db");
}

TEST_CASE_FIXTURE(slow_lifecycle, "a start cancelled before it begins starts nothing") {
    parts.add(part("never", log));
    parts.cancel_start();
    begin();
    CHECK(outcome->error() == errc::cancelled);
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(slow_lifecycle, "a cancelled start step that doesn't end is abandoned") {
    std::promise<void> entered;
    std::promise<void> opened;
    blocking_pool pool({.threads = 1}); // ends before the objects that its job uses
    lifecycle_part stubborn;
    stubborn.start = [&]() -> task<result<void>> {
        auto job = [&] {
            entered.set_value();
            opened.get_future().wait();
        };
        co_return co_await pool.run(job);
    };
    parts.add(stubborn);
    begin();
    entered.get_future().wait();
    parts.cancel_start();
    home.poll();
    CHECK(!outcome);
    time.advance(lifecycle::patience);
    home.poll();
    CHECK(outcome->has_error());
    CHECK(parts.left() == 1);
    opened.set_value();
}

TEST_CASE("sums of durations and time points saturate") {
    CHECK(detail::sum(1s, 2s) == 3s);
    CHECK(detail::sum(duration::max(), 1ns) == duration::max());
    CHECK(detail::sum(1ns, duration::max()) == duration::max());
    CHECK(detail::sum(duration::max(), -1ns) == duration::max() - 1ns);
    CHECK(detail::later(time_point(1s), duration::max()) == time_point::max());
    CHECK(detail::later(time_point(1s), 1s) == time_point(2s));
}
