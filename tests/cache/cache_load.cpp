// SPDX-License-Identifier: MIT
#include "cache/cache_fixture.hpp"
#include "support/until_cancelled.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::cache_fixture;

TEST_CASE_FIXTURE(cache_fixture, "a value is loaded once and then found") {
    strings rooms(options(time));
    auto first = ask_now(rooms, "a");
    CHECK(*first.value() == "1");
    CHECK(first->loaded);
    auto second = ask_now(rooms, "a");
    CHECK(*second.value() == "1");
    CHECK(!second->loaded);
    CHECK(!second->stale);
    CHECK(*ask_now(rooms, "b").value() == "2");
    CHECK(loads == 2);
    const cache_stats seen = rooms.stats();
    CHECK(seen.hits == 1);
    CHECK(seen.misses == 2);
    CHECK(seen.loads == 2);
    CHECK(seen.stored == 2);
    CHECK(seen.entries == 2);
}

TEST_CASE_FIXTURE(cache_fixture, "a value is loaded again after its time to live") {
    strings rooms(options(time));
    ask_now(rooms, "a");
    advance(30s - 1ns);
    CHECK(ask_now(rooms, "a")->age == 30s - 1ns);
    advance(1ns);
    CHECK(!rooms.find("a"));
    CHECK(!rooms.lookup("a"));
    CHECK(*ask_now(rooms, "a").value() == "2");
}

TEST_CASE_FIXTURE(cache_fixture, "concurrent misses of one key are one load") {
    strings rooms(options(time));
    std::vector<std::unique_ptr<call>> all;
    for (int i = 0; i < 100; ++i) all.push_back(std::make_unique<call>(home, ask(rooms, "a")));
    advance(1s);
    home.poll();
    for (const auto& one : all) CHECK(*one->outcome().value() == "1");
    CHECK(all[0]->outcome()->value == all[99]->outcome()->value);
    CHECK(loads == 1);
    CHECK(rooms.stats().loads == 1);
}

TEST_CASE_FIXTURE(cache_fixture, "10,000 concurrent misses of one key are one load, also when it fails") {
    strings rooms(options(time));
    failure = error(errc::unavailable, "the database is away");
    std::vector<std::unique_ptr<call>> all;
    for (int i = 0; i < 10'000; ++i) all.push_back(std::make_unique<call>(home, ask(rooms, "a")));
    advance(1s);
    home.poll();
    std::size_t told = 0;
    for (const auto& one : all) told += one->outcome().error().message() == "the database is away";
    CHECK(told == 10'000);
    CHECK(loads == 1);
    CHECK(rooms.stats().failed_loads == 1);
    CHECK(rooms.stats().entries == 0);
}

TEST_CASE_FIXTURE(cache_fixture, "an error is remembered for error_ttl") {
    cache_options given = options(time);
    given.error_ttl = 2s;
    strings rooms(given);
    failure = errc::unavailable;
    CHECK(ask_now(rooms, "a").error() == errc::unavailable);
    advance(2s - 1ns);
    failure = {};
    CHECK(ask_now(rooms, "a").error() == errc::unavailable);
    CHECK(loads == 1);
    CHECK(rooms.stats().negative_hits == 1);
    advance(1ns);
    CHECK(*ask_now(rooms, "a").value() == "2");
}

TEST_CASE_FIXTURE(cache_fixture, "an absence is remembered for negative_ttl") {
    strings rooms(options(time));
    failure = error(errc::not_found, "there is no room 7");
    CHECK(ask_now(rooms, "a").error().message() == "there is no room 7");
    CHECK(ask_now(rooms, "a").error().message() == "there is no room 7");
    CHECK(loads == 1);
    CHECK(!rooms.find("a"));
    advance(5s);
    failure = {};
    CHECK(*ask_now(rooms, "a").value() == "2");
    CHECK(rooms.stats().failed_loads == 0);
}

TEST_CASE("a loader may return an optional, a shared value, or a value with its own times") {
    manual_clock time;
    loop home(time);
    cache<int, std::string> rooms({.ttl = 30s, .ttl_jitter = 0, .time = &time});
    auto none = []() -> std::optional<std::string> { return std::nullopt; };
    CHECK(home.block_on(rooms.get_or(1, none)).error() == errc::not_found);
    auto some = []() -> std::optional<std::string> { return "two"; };
    CHECK(home.block_on(rooms.get_or(2, some)).value() == "two");
    const auto three = std::make_shared<const std::string>("three");
    auto shared = [&] { return three; };
    CHECK(home.block_on(rooms.lookup_or(3, shared))->value == three);
    auto timed = [&] { return loaded_value<std::string>{.value = three, .ttl = 2s, .age = 1s}; };
    CHECK(home.block_on(rooms.lookup_or(4, timed))->age == 1s);
    auto unkept = [&] { return loaded_value<std::string>{.value = three, .keep = false}; };
    CHECK(home.block_on(rooms.get_or(5, unkept)).value() == "three");
    CHECK(!rooms.find(5));
    CHECK(rooms.find(4));
    time.advance(1s);
    CHECK(!rooms.find(4));
    CHECK(rooms.find(3));
    CHECK(rooms.stats().refused == 1);
}

TEST_CASE_FIXTURE(cache_fixture, "an exception of the loader is an error for all callers") {
    strings rooms(options(time));
    auto throws = []() -> task<result<std::string>> {
        (void)co_await sleep_for(1s);
        throw std::runtime_error("broken");
    };
    call first(home, rooms.lookup_or("a", throws));
    call second(home, rooms.lookup_or("a", throws));
    advance(1s);
    home.poll();
    CHECK(first.outcome().error() == errc::internal);
    CHECK(second.outcome().error() == errc::internal);
}

TEST_CASE_FIXTURE(cache_fixture, "when the loading caller is cancelled, a waiting one loads again") {
    strings rooms(options(time));
    call first(home, ask(rooms, "a"));
    call second(home, ask(rooms, "a"));
    first.cancel();
    home.poll();
    CHECK(first.outcome().error() == errc::cancelled);
    CHECK(!second.ended());
    advance(1s);
    CHECK(*second.outcome().value() == "2");
    CHECK(rooms.stats().loads == 1);
}

TEST_CASE_FIXTURE(cache_fixture, "a load that all callers have left leaves nothing behind") {
    strings rooms(options(time));
    {
        call first(home, ask(rooms, "a"));
        call second(home, ask(rooms, "a"));
        second.cancel();
        first.cancel();
        CHECK(first.outcome().error() == errc::cancelled);
        CHECK(second.outcome().error() == errc::cancelled);
    }
    CHECK(rooms.stats().entries == 0);
    CHECK(*ask_now(rooms, "a").value() == "2");
}

TEST_CASE_FIXTURE(cache_fixture, "a caller waits for a load until its own deadline") {
    strings rooms(options(time));
    call first(home, ask(rooms, "a"));
    call second(home, ask(rooms, "a"), time.now() + 500ms);
    advance(500ms);
    CHECK(second.outcome().error() == errc::deadline_exceeded);
    advance(500ms);
    CHECK(*first.outcome().value() == "1");
}

TEST_CASE_FIXTURE(cache_fixture, "a load that takes longer than max_wait fails once for all") {
    cache_options given = options(time);
    given.max_wait = 500ms;
    strings rooms(given);
    auto hangs = [this]() -> task<result<std::string>> {
        ++loads;
        (void)co_await test_support::until_cancelled();
        co_return errc::cancelled;
    };
    call first(home, rooms.lookup_or("a", hangs), time.now() + 10s);
    call second(home, rooms.lookup_or("a", hangs), time.now() + 20s);
    advance(500ms);
    home.poll();
    CHECK(first.outcome().error() == errc::deadline_exceeded);
    CHECK(second.outcome().error() == errc::deadline_exceeded);
    CHECK(loads == 1);
}

TEST_CASE_FIXTURE(cache_fixture, "a value erased while it is loaded isn't stored") {
    strings rooms(options(time));
    call first(home, ask(rooms, "a"));
    SUBCASE("by erase") { CHECK(!rooms.erase("a")); }
    SUBCASE("by clear") { rooms.clear(); }
    call after(home, ask(rooms, "a")); // must not get what was read before
    CHECK(loads == 2);
    advance(1s);
    home.poll();
    CHECK(*first.outcome().value() == "1");
    CHECK(*after.outcome().value() == "2");
    CHECK(*rooms.find("a") == "2");
    CHECK(rooms.stats().refused == 1);
}

TEST_CASE_FIXTURE(cache_fixture, "a value put while its key is loaded stays") {
    strings rooms(options(time));
    call first(home, ask(rooms, "a"));
    rooms.put("a", "newer");
    advance(1s);
    CHECK(*first.outcome().value() == "1");
    CHECK(*rooms.find("a") == "newer");
}

TEST_CASE_FIXTURE(cache_fixture, "a loader may use the cache with another key") {
    strings rooms(options(time));
    auto outer = [&]() -> task<result<std::string>> {
        auto inner = co_await ask(rooms, "b");
        if (!inner) co_return inner.error();
        co_return "(" + **inner + ")";
    };
    call first(home, rooms.lookup_or("a", outer));
    advance(1s);
    home.poll();
    CHECK(*first.outcome().value() == "(1)");
    CHECK(rooms.stats().entries == 2);
}

TEST_CASE_FIXTURE(cache_fixture, "a loader that waits for its own key ends at its caller's deadline") {
    strings rooms(options(time));
    auto outer = [&]() -> task<result<std::string>> {
        auto inner = co_await ask(rooms, "a");
        if (!inner) co_return inner.error();
        co_return **inner;
    };
    call first(home, rooms.lookup_or("a", outer), time.now() + 3s);
    advance(3s);
    home.poll();
    REQUIRE(first.ended());
    CHECK(first.outcome().error() == errc::deadline_exceeded);
    CHECK(*ask_now(rooms, "a").value() == "1");
}

TEST_CASE_FIXTURE(cache_fixture, "loads outlive the cache") {
    auto rooms = std::make_unique<strings>(options(time));
    call first(home, ask(*rooms, "a"));
    call second(home, ask(*rooms, "a"));
    rooms.reset();
    advance(1s);
    home.poll();
    CHECK(*first.outcome().value() == "1");
    CHECK(*second.outcome().value() == "1");
}

TEST_CASE_FIXTURE(cache_fixture, "a value whose weigher throws is returned but not stored") {
    cache<std::string, std::string> rooms(options(time), [](const std::string&, const std::string&) -> std::size_t {
        throw std::runtime_error("no");
    });
    CHECK(*ask_now(rooms, "a").value() == "1");
    CHECK(rooms.stats().entries == 0);
    CHECK(rooms.stats().refused == 1);
    CHECK_THROWS_AS(rooms.put("a", "b"), std::runtime_error);
}

namespace {

struct reentrant {
    cache<int, reentrant>* of = nullptr;
    int* ended = nullptr;

    reentrant(cache<int, reentrant>& in, int& count) : of(&in), ended(&count) {}
    reentrant(reentrant&& other) noexcept : of(std::exchange(other.of, nullptr)), ended(other.ended) {}
    reentrant(const reentrant&) = delete;
    ~reentrant() {
        if (!of) return;
        ++*ended;
        of->find(1);
        of->erase(2);
        (void)of->stats();
    }
};

} // namespace

TEST_CASE("destructors of values may use the cache") {
    loop home;
    int ended = 0;
    cache<int, reentrant> rooms({.size = 2});
    auto make = [&] { return reentrant(rooms, ended); };
    for (int key = 1; key <= 5; ++key) CHECK(home.block_on(rooms.lookup_or(key, make)).has_value());
    CHECK(ended == 3);
    rooms.put(7, make());
    rooms.put(7, make());
    rooms.erase(7);
    rooms.clear();
    CHECK(ended == 7);
}
