// SPDX-License-Identifier: MIT
#include "cache/cache_fixture.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::cache_fixture;

namespace {

struct stale_fixture : cache_fixture {
    static cache_options stale_options(const weir::clock& time) {
        cache_options made = options(time);
        made.stale_while_revalidate = 10s;
        made.stale_if_error = 60s;
        return made;
    }

    strings rooms{stale_options(time)};

    task<result<cached<std::string>>> ask_in_background(std::string_view key) {
        auto f = background_load([this] { return load(); });
        return rooms.lookup_or(key, f);
    }
};

} // namespace

TEST_CASE_FIXTURE(stale_fixture, "one caller loads a stale value again, and the others get it meanwhile") {
    ask_now(rooms, "a");
    advance(30s);
    call first(home, ask(rooms, "a"));
    call second(home, ask(rooms, "a"));
    CHECK(!first.ended());
    REQUIRE(second.ended());
    CHECK(*second.outcome().value() == "1");
    CHECK(second.outcome()->stale);
    CHECK(second.outcome()->age == 30s);
    CHECK(!second.outcome()->failure);
    advance(1s);
    CHECK(*first.outcome().value() == "2");
    CHECK(!first.outcome()->stale);
    CHECK(loads == 2);
}

TEST_CASE_FIXTURE(stale_fixture, "a background load keeps no caller waiting") {
    ask_now(rooms, "a");
    advance(30s);
    call first(home, ask_in_background("a"));
    call second(home, ask_in_background("a"));
    REQUIRE(first.ended());
    REQUIRE(second.ended());
    CHECK(first.outcome()->stale);
    CHECK(second.outcome()->stale);
    CHECK(loads == 2);
    CHECK(home.background() == 1);
    advance(1s);
    CHECK(home.background() == 0);
    CHECK(*rooms.find("a") == "2");
    CHECK(rooms.stats().stale_hits == 2);
}

TEST_CASE_FIXTURE(stale_fixture, "a cancelled background load leaves the stale value and its turn to others") {
    ask_now(rooms, "a");
    advance(30s);
    call first(home, ask_in_background("a"));
    home.cancel_background();
    home.poll();
    CHECK(home.background() == 0);
    CHECK(rooms.lookup("a")->stale);
    call second(home, ask_in_background("a"));
    CHECK(second.outcome()->stale);
    CHECK(loads == 3);
    advance(1s);
    CHECK(*rooms.find("a") == "3");
}

TEST_CASE_FIXTURE(stale_fixture, "past stale_while_revalidate all callers wait for the load") {
    ask_now(rooms, "a");
    advance(40s);
    call first(home, ask(rooms, "a"));
    call second(home, ask_in_background("a"));
    CHECK(!first.ended());
    CHECK(!second.ended());
    advance(1s);
    CHECK(*first.outcome().value() == "2");
    CHECK(*second.outcome().value() == "2");
}

TEST_CASE_FIXTURE(stale_fixture, "a stale value is served and marked if the load fails") {
    ask_now(rooms, "a");
    advance(40s);
    failure = error(errc::unavailable, "the database is away");
    call first(home, ask(rooms, "a"));
    call second(home, ask(rooms, "a"));
    advance(1s);
    home.poll();
    for (const call* one : {&first, &second}) {
        CHECK(*one->outcome().value() == "1");
        CHECK(one->outcome()->stale);
        CHECK(one->outcome()->failure.message() == "the database is away");
    }
    CHECK(loads == 2);
    CHECK(rooms.stats().failed_loads == 1);
    advance(90s - 41s);
    CHECK(ask_now(rooms, "a").error() == errc::unavailable);
}

TEST_CASE_FIXTURE(stale_fixture, "after a failed load the stale value is served without a new load for error_ttl") {
    cache_options given = stale_options(time);
    given.error_ttl = 5s;
    strings kept(given);
    ask_now(kept, "a");
    advance(40s);
    failure = errc::unavailable;
    CHECK(ask_now(kept, "a")->stale);
    advance(4s);
    CHECK(ask_now(kept, "a")->failure == errc::unavailable);
    CHECK(loads == 2);
    advance(1s);
    failure = {};
    CHECK(*ask_now(kept, "a").value() == "3");
}

TEST_CASE_FIXTURE(stale_fixture, "a caller whose deadline passes during the load gets the stale value") {
    ask_now(rooms, "a");
    advance(40s);
    call leads(home, ask(rooms, "a"), time.now() + 500ms);
    call follows(home, ask(rooms, "a"), time.now() + 500ms);
    advance(500ms);
    home.poll();
    CHECK(leads.outcome()->stale);
    CHECK(follows.outcome()->stale);
    CHECK(follows.outcome()->failure == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(stale_fixture, "an answer such as permission_denied or not_found replaces the stale value") {
    ask_now(rooms, "a");
    advance(40s);
    SUBCASE("denied") { failure = errc::permission_denied; }
    SUBCASE("not found") { failure = errc::not_found; }
    CHECK(ask_now(rooms, "a").error() == failure.kind());
    CHECK(!rooms.lookup("a"));
}

TEST_CASE_FIXTURE(stale_fixture, "an erased value is never served stale") {
    ask_now(rooms, "a");
    advance(40s);
    failure = errc::unavailable;
    call first(home, ask(rooms, "a"));
    rooms.erase("a");
    advance(1s);
    CHECK(first.outcome().error() == errc::unavailable);
    CHECK(!rooms.lookup("a"));
}

TEST_CASE_FIXTURE(stale_fixture, "a stale value that is evicted during its load is still served if the load fails") {
    ask_now(rooms, "a");
    advance(40s);
    failure = errc::unavailable;
    cache_options small = stale_options(time);
    small.size = 1;
    strings tight(small);
    tight.put("a", "old");
    advance(40s);
    call first(home, ask(tight, "a"));
    tight.put("b", "other");
    CHECK(!tight.lookup("a"));
    advance(1s);
    CHECK(first.outcome().has_value() == false);
    CHECK(tight.stats().entries == 1);
}

TEST_CASE_FIXTURE(stale_fixture, "with a time to live of zero every caller loads, and failures serve the last value") {
    cache_options given = options(time);
    given.ttl = 0s;
    given.stale_if_error = 60s;
    strings last(given);
    CHECK(*ask_now(last, "a").value() == "1");
    CHECK(*ask_now(last, "a").value() == "2");
    failure = errc::unavailable;
    CHECK(*ask_now(last, "a").value() == "2");
    given.stale_if_error = 0s;
    strings none(given);
    failure = {};
    ask_now(none, "a");
    CHECK(none.stats().entries == 0);
}
