// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/fallback.hpp>
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

auto fails_with(errc kind) {
    return [kind]() -> task<result<std::string>> { co_return kind; };
}

auto yields_text(const char* value) {
    return [value]() -> task<result<std::string>> { co_return value; };
}

// A string whose copy fails while a test says so.
struct fragile {
    static inline bool breaks = false;

    fragile() = default;
    fragile(const fragile&) {
        if (breaks) throw std::bad_alloc();
    }
    fragile(fragile&&) noexcept = default;
};

} // namespace

TEST_CASE("a value substitutes an unavailable, late or refused result, and no other") {
    loop home;
    fallback<std::string> guest("guest");
    struct row {
        errc kind;
        bool covered;
    };
    for (const row& row :
         {row{errc::unavailable, true}, row{errc::deadline_exceeded, true}, row{errc::resource_exhausted, true},
          row{errc::not_found, false}, row{errc::cancelled, false}, row{errc::internal, false},
          row{errc::permission_denied, false}, row{errc::conflict, false}}) {
        auto call = fails_with(row.kind);
        const auto outcome = home.block_on(guest.run(call));
        CHECK(outcome.has_value() == row.covered);
        if (row.covered)
            CHECK(*outcome == "guest");
        else
            CHECK(outcome.error() == row.kind);
    }
    auto call = yields_text("zhang");
    CHECK(home.block_on(guest.run(call)).value() == "zhang");
    CHECK(guest.stats().calls == 9);
    CHECK(guest.stats().used == 3);
    CHECK(guest.stats().failed == 0);
}

TEST_CASE("a predicate decides which errors are covered") {
    loop home;
    fallback guest(std::string("guest"), {.covers = [](const error& failed) { return failed == errc::not_found; }});
    auto missing = fails_with(errc::not_found);
    auto broken = fails_with(errc::unavailable);
    CHECK(home.block_on(guest.run(missing)).value() == "guest");
    CHECK(home.block_on(guest.run(broken)).error() == errc::unavailable);
}

TEST_CASE("a function of the error can be plain, fallible, or a coroutine") {
    loop home;
    auto call = fails_with(errc::unavailable);
    fallback plain([](const error& failed) { return std::string(failed.code()); });
    CHECK(home.block_on(plain.run(call)).value() == "unavailable");
    fallback fallible([](const error&) -> result<std::string> { return errc::conflict; });
    CHECK(home.block_on(fallible.run(call)).error() == errc::conflict);
    fallback waits([](const error& failed) -> task<std::string> {
        (void)co_await sleep_for(0ns);
        co_return std::string(failed.code());
    });
    CHECK(home.block_on(waits.run(call)).value() == "unavailable");
    fallback both([](const error& failed) -> task<result<std::string>> { co_return failed; });
    CHECK(home.block_on(both.run(call)).error() == errc::unavailable);
    CHECK(both.stats().used == 0);
    CHECK(both.stats().failed == 1);
}

TEST_CASE("a call can pass its own substitute") {
    loop home;
    fallback<std::string> away;
    auto broken = fails_with(errc::unavailable);
    auto missing = fails_with(errc::not_found);
    auto good = yields_text("zhang");
    const std::string user = "li";
    auto by_user = [&user](const error& failed) -> task<result<std::string>> {
        (void)co_await sleep_for(0ns);
        co_return user + ", " + std::string(failed.code());
    };
    auto refuses = [](const error&) -> result<std::string> { return errc::unauthenticated; };
    auto throws = [](const error&) -> std::string { throw std::bad_alloc(); };
    CHECK(home.block_on(away.run(broken, by_user)).value() == "li, unavailable");
    CHECK(home.block_on(away.run(broken, "guest")).value() == "guest");
    CHECK(home.block_on(away.run(broken, refuses)).error() == errc::unauthenticated);
    CHECK(home.block_on(away.run(broken, throws)).error() == errc::unavailable);
    CHECK(home.block_on(away.run(missing, by_user)).error() == errc::not_found);
    CHECK(home.block_on(away.run(good, by_user)).value() == "zhang");
    CHECK(away.stats().calls == 6);
    CHECK(away.stats().used == 2);
    CHECK(away.stats().failed == 2);
}

TEST_CASE("without a substitute the call's error is returned") {
    loop home;
    fallback<std::string> away;
    auto broken = fails_with(errc::unavailable);
    CHECK(home.block_on(away.run(broken)).error() == errc::unavailable);
    CHECK(away.stats().failed == 1);
}

TEST_CASE("an exception of the function becomes an error") {
    loop home;
    auto call = fails_with(errc::unavailable);
    fallback throws([](const error&) -> std::string { throw std::runtime_error("broken"); });
    CHECK(home.block_on(throws.run(call)).error() == errc::internal);
    CHECK(throws.stats().failed == 1);
}

TEST_CASE("a function can substitute a call without a value") {
    loop home;
    int called = 0;
    fallback<void> skip([&called](const error&) { ++called; });
    auto call = []() -> task<result<void>> { co_return errc::unavailable; };
    CHECK(home.block_on(skip.run(call)).has_value());
    CHECK(called == 1);
}

TEST_CASE("a function can substitute a move-only result") {
    loop home;
    fallback<std::unique_ptr<int>> other([](const error&) { return std::make_unique<int>(7); });
    auto call = []() -> task<result<std::unique_ptr<int>>> { co_return errc::unavailable; };
    CHECK(*home.block_on(other.run(call)).value() == 7);
}

TEST_CASE("the last good result is used until it is too old") {
    manual_clock time;
    loop home(time);
    last_good<std::string> last({.max_age = 5min, .time = &time});
    fallback degrade(last);
    auto good = yields_text("fresh");
    auto bad = fails_with(errc::unavailable);
    CHECK(home.block_on(degrade.run(bad)).error() == errc::unavailable);
    CHECK(home.block_on(degrade.run(good)).value() == "fresh");
    time.advance(5min);
    CHECK(home.block_on(degrade.run(bad)).value() == "fresh");
    time.advance(1ns);
    CHECK(home.block_on(degrade.run(bad)).error() == errc::unavailable);
    CHECK(degrade.stats().used == 1);
    CHECK(degrade.stats().failed == 2);
}

TEST_CASE("a last good result's maximum age may be zero or unlimited") {
    manual_clock time;
    last_good<int> none({.max_age = 0ns, .time = &time});
    last_good<int> endless({.max_age = duration::max(), .time = &time});
    CHECK(!endless.find());
    none.store(1);
    endless.store(1);
    CHECK(none.find());
    time.advance(24h * 365 * 100);
    CHECK(!none.find());
    CHECK(*endless.find() == 1);
    endless.store(2);
    CHECK(*endless.find() == 2);
}

TEST_CASE("a value as the second resort is a fallback around the last good result") {
    loop home;
    last_good<std::string> last(5min);
    fallback recent(last);
    fallback fixed(std::string("none"));
    const stack both{fixed, recent};
    auto bad = fails_with(errc::unavailable);
    CHECK(home.block_on(both.run(bad)).value() == "none");
    last.store("last");
    CHECK(home.block_on(both.run(bad)).value() == "last");
}

TEST_CASE("a good result that can't be stored is still returned") {
    loop home;
    last_good<fragile> last(5min);
    fallback degrade(last);
    auto call = []() -> task<result<fragile>> { co_return fragile(); };
    fragile::breaks = true;
    CHECK(home.block_on(degrade.run(call)).has_value());
    fragile::breaks = false;
    CHECK(!last.find());
}

TEST_CASE("an observer sees the failure and the substitute, and may throw") {
    loop home;
    std::vector<fallback_event> seen;
    fallback_options given;
    given.on_event = [&seen](const fallback_event& event) {
        seen.push_back(event);
        throw std::runtime_error("observer");
    };
    fallback guest(std::string("guest"), given);
    auto bad = fails_with(errc::unavailable);
    CHECK(home.block_on(guest.run(bad)).value() == "guest");
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].failure == errc::unavailable);
    CHECK(!seen[0].instead);
}

TEST_CASE("cancellation isn't covered, and reaches a substitute function") {
    manual_clock time;
    loop home(time);
    fallback slow([](const error&) -> task<result<std::string>> {
        auto slept = co_await sleep_for(1h);
        if (!slept) co_return slept.error();
        co_return "late";
    });
    auto waits = []() -> task<result<std::string>> {
        auto slept = co_await sleep_for(1h);
        co_return slept.error();
    };
    started<result<std::string>> running(home, slow.run(waits));
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
    CHECK(slow.stats().used + slow.stats().failed == 0);

    auto bad = fails_with(errc::unavailable);
    started<result<std::string>> standing_in(home, slow.run(bad));
    CHECK(!standing_in.ended());
    standing_in.cancel();
    REQUIRE(standing_in.ended());
    CHECK(standing_in.outcome().error() == errc::cancelled);
}

TEST_CASE("two loops share the last good result") {
    last_good<std::string> last(5min);
    fallback degrade(last);
    const auto work = [&degrade] {
        loop home;
        for (int i = 0; i < 1000; ++i) {
            auto good = yields_text("fresh");
            auto bad = fails_with(errc::unavailable);
            if (!home.block_on(degrade.run(good))) std::terminate();
            if (home.block_on(degrade.run(bad)).value() != "fresh") std::terminate();
        }
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(degrade.stats().used == 2000);
}
