// SPDX-License-Identifier: MIT
#include "app/readiness.hpp"

#include "core/event.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct readiness_fixture {
    manual_clock time;
    loop home{time};
    readiness checks;
    int asked = 0;
    result<void> outcome = ok();

    readiness_fixture() {
        checks.add("db", [this]() -> task<result<void>> {
            ++asked;
            co_return outcome;
        });
    }
    error verdict() { return home.block_on(checks.verdict()); }
};

// A check that is in progress until the gate opens.
struct slow_readiness {
    manual_clock time;
    loop home{time};
    weir::detail::event gate;
    readiness checks;
    int asked = 0;
    std::optional<error> first;

    slow_readiness() {
        checks.add("db", [this]() -> task<result<void>> {
            ++asked;
            co_await gate.wait();
            co_return ok();
        });
    }
    task<void> ask(std::optional<error>& into) { into = co_await checks.verdict(); }
};

task<void> ignore(task<error> verdict) { static_cast<void>(co_await std::move(verdict)); }

} // namespace

TEST_CASE_FIXTURE(readiness_fixture, "a verdict is cached for a second") {
    CHECK(!verdict());
    outcome = error(errc::unavailable, "connection refused");
    CHECK(!verdict());
    CHECK(asked == 1);
    time.advance(1s);
    const error down = verdict();
    CHECK(down == errc::unavailable);
    CHECK(down.message() == "db isn't ready");
    CHECK(down.cause().message() == "connection refused");
    CHECK(verdict().message() == "db isn't ready");
    CHECK(asked == 2);
}

TEST_CASE_FIXTURE(readiness_fixture, "the first check that fails is named, and a check that throws has failed") {
    checks.add("mq", []() -> task<result<void>> {
        throw std::runtime_error("broken");
        co_return ok();
    });
    checks.add("never", [this]() -> task<result<void>> {
        asked += 100;
        co_return ok();
    });
    const error down = verdict();
    CHECK(down.message() == "mq isn't ready");
    CHECK(down.describe().find("broken") != std::string::npos);
    CHECK(asked == 1);
}

TEST_CASE_FIXTURE(slow_readiness, "while one caller runs the checks, the others get the last verdict") {
    home.spawn(ask(first));
    home.poll();
    gate.wake();
    REQUIRE(first);
    time.advance(5s);
    std::optional<error> asking, beside;
    home.spawn(ask(asking));
    home.spawn(ask(beside));
    home.poll();
    CHECK(beside.has_value());
    CHECK(!asking);
    CHECK(asked == 2);
    gate.wake();
    CHECK(asking.has_value());
}

TEST_CASE_FIXTURE(slow_readiness,
                  "during the first run of the checks, and while one hangs, other callers get not ready") {
    std::optional<error> beside;
    home.spawn(ask(first));
    home.spawn(ask(beside));
    home.poll();
    REQUIRE(beside);
    CHECK(*beside == errc::unavailable);
    CHECK(beside->message() == "the checks haven't finished yet");
    gate.wake();
    REQUIRE(first);
    CHECK(!*first);

    time.advance(5s);
    std::optional<error> asking, soon, late;
    home.spawn(ask(asking));
    home.poll();
    time.advance(999ms);
    home.spawn(ask(soon));
    home.poll();
    CHECK(!soon.value());
    time.advance(1ms);
    home.spawn(ask(late));
    home.poll();
    CHECK(late.value() == errc::unavailable);
    CHECK(asked == 2);
    gate.wake();
    CHECK(!asking.value());
}

TEST_CASE("a caller destroyed while running the checks leaves the turn to the next") {
    manual_clock time;
    readiness checks;
    int asked = 0;
    checks.add("db", [&]() -> task<result<void>> {
        ++asked;
        co_return co_await sleep_for(1h);
    });
    const auto ask = [&](loop& on) {
        on.spawn(ignore(checks.verdict()));
        on.poll();
    };
    {
        loop other(time);
        ask(other);
        CHECK(asked == 1);
    }
    loop home(time);
    ask(home);
    CHECK(asked == 2);
}
