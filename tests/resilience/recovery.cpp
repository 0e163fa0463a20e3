// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/recovery.hpp>
#include <weir/resilience/stack.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

// A dependency that fails as planned and then returns its name.
struct service_node {
    std::string answer;
    std::vector<error> plan{};
    std::size_t calls = 0;

    task<result<std::string>> operator()() {
        const std::size_t number = calls++;
        if (number < plan.size() && plan[number]) co_return plan[number];
        co_return answer;
    }
};

// Opens at the second consecutive failure; represents a circuit_breaker.
struct opening_layer {
    int failures = 0;

    template<class F>
    task<result<std::string>> run(F f) {
        if (failures >= 2) co_return error(errc::unavailable, "open").with_code("circuit_open");
        auto outcome = co_await f();
        failures = outcome ? 0 : failures + 1;
        co_return outcome;
    }
};

struct recovery_fixture {
    manual_clock time;
    loop home{time};
    std::vector<std::string> trace;
    std::vector<std::string> kept;
    service_node primary{"primary"};
    service_node standby{"standby"};

    recovery_options options() {
        recovery_options made;
        made.backoff.full_jitter = false;
        made.on_event = [this](const recovery_event& event) {
            std::string line(name(event.kind));
            line += " ";
            line += name(event.level);
            if (!event.work.empty()) line.append(" ").append(event.work);
            trace.push_back(line);
        };
        made.park = [this](const recovery_event& event) -> task<result<void>> {
            kept.push_back(std::string(event.work) + ": " + std::string(event.failure.code()));
            co_return ok();
        };
        return made;
    }
    auto on_primary() {
        return [this] { return primary(); };
    }
    auto on_standby() {
        return [this] { return standby(); };
    }
    result<std::string> finish(task<result<std::string>> call) {
        started<result<std::string>> running(home, std::move(call));
        for (int i = 0; i < 100 && !running.ended(); ++i) {
            time.advance(100ms);
            home.poll();
        }
        return running.outcome();
    }
    using lines = std::vector<std::string>;
};

error connection_refused() { return errc::unavailable; }
error too_busy() { return errc::resource_exhausted; }
error sums_differ() { return error(errc::internal, "the sums differ"); }

} // namespace

TEST_CASE_FIXTURE(recovery_fixture, "normal service: a successful call is no event") {
    recovery recover(options());
    CHECK(finish(recover.run(on_primary(), on_standby())).value() == "primary");
    CHECK(trace.empty());
    CHECK(recover.stats().calls == 1);
    CHECK(standby.calls == 0);
}

TEST_CASE_FIXTURE(recovery_fixture, "not recoverable, and no failure of the service: an answer passes through") {
    recovery recover(options());
    primary.plan = {errc::not_found};
    CHECK(finish(recover.run(on_primary(), on_standby())).error() == errc::not_found);
    CHECK(trace.empty());
    CHECK(primary.calls == 1);
    CHECK(standby.calls == 0);
}

TEST_CASE_FIXTURE(recovery_fixture, "L1, recovered: a transient failure is retried and normal service continues") {
    auto given = options();
    recovery recover(given);
    primary.plan = {too_busy(), too_busy()};
    CHECK(finish(recover.run("order 7", on_primary(), on_standby())).value() == "primary");
    CHECK(trace == lines{"retrying transient", "retrying transient", "recovered transient order 7"});
    CHECK(standby.calls == 0);
    CHECK(recover.stats().retries == 2);
    CHECK(recover.stats().recovered == 1);
}

TEST_CASE_FIXTURE(recovery_fixture, "L1, not recovered: the last error is returned when the retries are used up") {
    recovery recover(options());
    primary.plan = {too_busy(), too_busy(), too_busy()};
    CHECK(finish(recover.run("order 7", on_primary(), on_standby())).error() == errc::resource_exhausted);
    CHECK(trace == lines{"retrying transient", "retrying transient", "unrecovered transient order 7"});
    CHECK(recover.stats().unrecovered == 1);
}

TEST_CASE_FIXTURE(recovery_fixture, "L2, recovered: a failed connection switches to the standby at once") {
    recovery recover(options());
    primary.plan = {connection_refused()};
    started<result<std::string>> running(home, recover.run("order 7", on_primary(), on_standby()));
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == "standby");
    CHECK(trace == lines{"switched connection order 7", "recovered connection order 7"});
    CHECK(primary.calls == 1);
    CHECK(recover.stats().switched == 1);
}

TEST_CASE_FIXTURE(recovery_fixture, "L2, not recovered: the standby fails too") {
    recovery recover(options());
    primary.plan = {connection_refused()};
    standby.plan = {error(errc::unavailable, "the standby is gone")};
    CHECK(finish(recover.run(on_primary(), on_standby())).error().message() == "the standby is gone");
    CHECK(trace == lines{"switched connection", "unrecovered connection"});
}

TEST_CASE_FIXTURE(recovery_fixture, "L2 after L1: the connection fails during retries of a transient failure") {
    recovery recover(options());
    primary.plan = {too_busy(), connection_refused()};
    CHECK(finish(recover.run(on_primary(), on_standby())).value() == "standby");
    CHECK(trace == lines{"retrying transient", "switched connection", "recovered connection"});
}

TEST_CASE_FIXTURE(recovery_fixture, "L2 without a standby is retried") {
    recovery recover(options());
    primary.plan = {connection_refused()};
    CHECK(finish(recover.run(on_primary())).value() == "primary");
    CHECK(trace == lines{"retrying connection", "recovered transient"});
    trace.clear();
    primary = service_node{"primary", {connection_refused(), connection_refused(), connection_refused()}};
    CHECK(finish(recover.run("order 7", on_primary())).error() == errc::unavailable);
    CHECK(trace.back() == "unrecovered connection order 7");
}

TEST_CASE_FIXTURE(recovery_fixture, "L3: inconsistent work stops, is kept for manual repair, and nothing is tried") {
    recovery recover(options());
    primary.plan = {sums_differ()};
    CHECK(finish(recover.run("order 7", on_primary(), on_standby())).error() == errc::internal);
    CHECK(trace == lines{"parked inconsistent order 7"});
    CHECK(kept == lines{"order 7: internal"});
    CHECK(primary.calls == 1);
    CHECK(standby.calls == 0);
    CHECK(recover.stats().parked == 1);
}

TEST_CASE_FIXTURE(recovery_fixture, "L3 on the standby, and L3 after a retry, are also kept") {
    recovery recover(options());
    primary.plan = {connection_refused()};
    standby.plan = {sums_differ()};
    CHECK(finish(recover.run("order 7", on_primary(), on_standby())).error() == errc::internal);
    CHECK(trace == lines{"switched connection order 7", "parked inconsistent order 7"});
    trace.clear();
    primary = service_node{"primary", {too_busy(), sums_differ()}};
    CHECK(finish(recover.run("order 8", on_primary(), on_standby())).error() == errc::internal);
    CHECK(trace == lines{"retrying transient", "parked inconsistent order 8"});
}

TEST_CASE_FIXTURE(recovery_fixture, "L3 without a park function is an event") {
    auto given = options();
    given.park = nullptr;
    recovery recover(given);
    primary.plan = {sums_differ()};
    CHECK(finish(recover.run(on_primary())).error() == errc::internal);
    CHECK(trace == lines{"parked inconsistent"});
}

TEST_CASE_FIXTURE(recovery_fixture, "work that can't be kept is a separate alert") {
    auto given = options();
    error reported;
    given.on_event = [&](const recovery_event& event) {
        if (event.kind == recovery_event::what::park_failed) reported = event.failure;
    };
    SUBCASE("for an error") {
        given.park = [](const recovery_event&) -> task<result<void>> { co_return errc::conflict; };
        recovery recover(given);
        primary.plan = {sums_differ()};
        CHECK(finish(recover.run(on_primary())).error() == errc::internal);
        CHECK(reported == errc::conflict);
        CHECK(recover.stats().park_failed == 1);
        CHECK(recover.stats().parked == 0);
    }
    SUBCASE("for an exception") {
        given.park = [](const recovery_event&) -> task<result<void>> { throw std::runtime_error("full"); };
        recovery recover(given);
        primary.plan = {sums_differ()};
        CHECK(finish(recover.run(on_primary())).error().message() == "the sums differ");
        CHECK(reported == errc::internal);
    }
}

TEST_CASE_FIXTURE(recovery_fixture, "not recovered: the enclosing breaker opens and calls end there") {
    recovery recover(options());
    opening_layer breaker;
    const stack policy{breaker, recover};
    primary.plan = {
        too_busy(), too_busy(), too_busy(), connection_refused(), connection_refused(), connection_refused()};
    CHECK(finish(policy.run(on_primary())).error() == errc::resource_exhausted);
    CHECK(finish(policy.run(on_primary())).error() == errc::unavailable);
    const auto calls = primary.calls;
    CHECK(finish(policy.run(on_primary())).error().code() == "circuit_open");
    CHECK(primary.calls == calls);
}

TEST_CASE_FIXTURE(recovery_fixture, "an open breaker around the primary switches to the standby") {
    recovery recover(options());
    opening_layer breaker{.failures = 2};
    auto guarded = [&] { return breaker.run(on_primary()); };
    CHECK(finish(recover.run(guarded, on_standby())).value() == "standby");
    CHECK(primary.calls == 0);
}

TEST_CASE_FIXTURE(recovery_fixture,
                  "work that may have had an effect is neither repeated nor switched unless it is idempotent") {
    const auto lost = error(errc::unavailable, "lost").with_code(std::string(outcome_unknown_code));
    const error late = errc::deadline_exceeded;
    {
        recovery recover(options());
        primary.plan = {lost};
        CHECK(finish(recover.run("order 7", on_primary(), on_standby())).error().message() == "lost");
        CHECK(kept == lines{"order 7: outcome_unknown"});
        primary = service_node{"primary", {late}};
        CHECK(finish(recover.run(on_primary(), on_standby())).error() == errc::deadline_exceeded);
        CHECK(trace.back() == "unrecovered transient");
        CHECK(standby.calls == 0);
    }
    auto given = options();
    given.backoff.idempotent = true;
    given.table.set(std::string(outcome_unknown_code), recovery_level::connection);
    recovery recover(given);
    primary = service_node{"primary", {lost}};
    CHECK(finish(recover.run(on_primary(), on_standby())).value() == "standby");
    primary = service_node{"primary", {late}};
    CHECK(finish(recover.run(on_primary(), on_standby())).value() == "primary");

    given.backoff.idempotent = false; // regardless of the table
    recovery careful(given);
    primary = service_node{"primary", {lost}};
    CHECK(finish(careful.run(on_primary(), on_standby())).error().message() == "lost");
}

TEST_CASE_FIXTURE(recovery_fixture, "cancellation ends it and is no failure") {
    recovery recover(options());
    primary.plan = {too_busy(), too_busy()};
    started<result<std::string>> running(home, recover.run(on_primary(), on_standby()));
    CHECK(!running.ended());
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
    CHECK(trace == lines{"retrying transient"});
}

TEST_CASE("a table maps by code, then by kind, and can be changed") {
    struct row {
        error failure;
        recovery_level level;
    };
    const row rows[] = {
        {errc::unavailable, recovery_level::connection},
        {errc::deadline_exceeded, recovery_level::transient},
        {errc::resource_exhausted, recovery_level::transient},
        {errc::internal, recovery_level::inconsistent},
        {errc::unknown, recovery_level::inconsistent},
        {errc::cancelled, recovery_level::none},
        {errc::invalid_argument, recovery_level::none},
        {errc::validation_failed, recovery_level::none},
        {errc::unauthenticated, recovery_level::none},
        {errc::permission_denied, recovery_level::none},
        {errc::not_found, recovery_level::none},
        {errc::already_exists, recovery_level::none},
        {errc::conflict, recovery_level::none},
        {errc::too_large, recovery_level::none},
        {errc::unimplemented, recovery_level::none},
        {error(errc::unavailable, "").with_code(std::string(outcome_unknown_code)), recovery_level::inconsistent},
    };
    recovery_table table;
    for (const auto& row : rows) CHECK(table.level_of(row.failure) == row.level);
    table.set(errc::conflict, recovery_level::transient).set("stock_differs", recovery_level::inconsistent);
    CHECK(table.level_of(errc::conflict) == recovery_level::transient);
    CHECK(table.level_of(error(errc::conflict, "").with_code("stock_differs")) == recovery_level::inconsistent);
    table.set("stock_differs", recovery_level::none);
    CHECK(table.level_of(error(errc::conflict, "").with_code("stock_differs")) == recovery_level::none);
}

TEST_CASE_FIXTURE(recovery_fixture, "recovery sets the predicate and the observer of its retries itself") {
    auto given = options();
    given.backoff.retries = [](const error&) { return true; };
    CHECK_THROWS_WITH(
        recovery{given}, "recovery_options::backoff.retries = set: accepted empty: recovery sets its own");
    given.backoff.retries = nullptr;
    given.backoff.on_event = [](const retry_event&) {};
    CHECK_THROWS_AS(recovery{given}, std::invalid_argument);
    given.backoff.on_event = nullptr;
    given.backoff.attempts = 0;
    CHECK_THROWS_AS(recovery{given}, std::invalid_argument);
}

TEST_CASE("two loops share a recovery") {
    recovery recover({.backoff = {.base = 0ns}});
    const auto work = [&recover] {
        loop home;
        for (int i = 0; i < 500; ++i) {
            service_node primary{"primary", {errc::unavailable}};
            service_node standby{"standby"};
            auto first = [&] { return primary(); };
            auto other = [&] { return standby(); };
            if (home.block_on(recover.run(first, other)).value() != "standby") std::terminate();
        }
    };
    std::thread thread(work);
    work();
    thread.join();
    CHECK(recover.stats().switched == 1000);
    CHECK(recover.stats().recovered == 1000);
}
