// SPDX-License-Identifier: MIT
#include "orm/outbox/outbox_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

struct claimed_entries {
    std::string holder;
    std::vector<outbox_entry> entries;
};

struct claiming_fixture : outbox_fixture {
    claimed_entries claim(std::size_t most = 100, std::size_t bytes = 1 << 20) {
        const std::string holder = "holder-" + std::to_string(++claims);
        return {holder, home.block_on(store.claim(holder, most, bytes, 1min)).value()};
    }
    std::size_t settle(const claimed_entries& of, const std::vector<outbox_outcome>& how) {
        return home.block_on(store.settle(of.holder, how)).value();
    }
    int claims = 0;
    outbox_depth depth() { return home.block_on(store.depth()).value(); }
};

std::vector<std::string> bodies_of(const claimed_entries& claim) {
    std::vector<std::string> all;
    for (const auto& one : claim.entries) all.push_back(one.content.body);
    return all;
}

using strings = std::vector<std::string>;

std::vector<outbox_outcome> all_end(const claimed_entries& claim, outbox_outcome::what how) {
    std::vector<outbox_outcome> all;
    for (const auto& one : claim.entries) all.push_back({.row = one.row, .kind = how});
    return all;
}

struct parcel {
    std::int64_t id{};
};
BOOST_DESCRIBE_STRUCT(parcel, (), (id))

} // namespace

TEST_CASE_FIXTURE(claiming_fixture, "a claimed message is the one that was added, whatever its bytes") {
    const std::string bytes("\0\xff\xfe'\\?", 6);
    auto given = message("events", bytes).with_key("k").with_id("id-1").with_type("image/png").with_delay(10s);
    given.headers = {{"a", "1"}, {"b", "ü\"\n"}};
    try_add(given).value();
    time.advance(4s);
    const auto claimed = claim();
    REQUIRE(claimed.entries.size() == 1);
    const auto& got = claimed.entries.front().content;
    CHECK(got.topic == "events");
    CHECK(got.body == bytes);
    CHECK(got.key == "k");
    CHECK(got.id == "id-1");
    CHECK(got.content_type == "image/png");
    CHECK(got.headers == given.headers);
    CHECK(got.delay == 6s);
    CHECK(claimed.entries.front().failures == 0);
}

TEST_CASE_FIXTURE(claiming_fixture, "a message without an id gets a unique one") {
    add("a");
    add("b");
    const auto claimed = claim();
    REQUIRE(claimed.entries.size() == 2);
    CHECK(claimed.entries[0].content.id != "");
    CHECK(claimed.entries[0].content.id != claimed.entries[1].content.id);
}

TEST_CASE_FIXTURE(claiming_fixture, "add_json adds the value as JSON") {
    auto body = [&](transaction& tx) { return store.add_json(tx, "parcels", parcel{7}); };
    home.block_on(db.transaction(body)).value();
    const auto claimed = claim();
    REQUIRE(claimed.entries.size() == 1);
    CHECK(claimed.entries[0].content.body == R"({"id":7})");
    CHECK(claimed.entries[0].content.content_type == "application/json");
}

TEST_CASE_FIXTURE(claiming_fixture, "a message that no queue would take, or no database could store, is refused") {
    CHECK(try_add(message("no such topic!", "")).error() == errc::invalid_argument);
    CHECK(try_add(message("t", std::string(2 << 20, 'x'))).error() == errc::too_large);
    for (const std::string& bad : {std::string("\xff"), std::string("a\0b", 3)}) {
        CHECK(try_add(message("t").with_key(bad)).error() == errc::invalid_argument);
        CHECK(try_add(message("t").with_id(bad)).error() == errc::invalid_argument);
        CHECK(try_add(message("t").with_type(bad)).error() == errc::invalid_argument);
        CHECK(try_add(message("t").with_header("h", bad)).error() == errc::invalid_argument);
    }
    CHECK(rows().empty());
}

TEST_CASE_FIXTURE(claiming_fixture, "a rolled back transaction adds no message") {
    auto body = [&](transaction& tx) -> result<void> {
        store.add(tx, message("events", "a")).value();
        return error(errc::conflict, "changed my mind");
    };
    CHECK(home.block_on(db.transaction(body)).error() == errc::conflict);
    CHECK(rows().empty());
    CHECK(!store.added().try_receive());
}

TEST_CASE_FIXTURE(claiming_fixture, "relays are woken after the commit, once for several messages") {
    auto body = [&](transaction& tx) -> result<void> {
        store.add(tx, message("events", "a")).value();
        CHECK(!store.added().try_receive());
        return store.add(tx, message("events", "b"));
    };
    home.block_on(db.transaction(body)).value();
    CHECK(store.added().try_receive());
    CHECK(!store.added().try_receive());
}

TEST_CASE_FIXTURE(claiming_fixture, "a claim takes the first messages within its limits, at least one") {
    for (const char* body : {"a", "b", "c", "d"}) add(body);
    CHECK(bodies_of(claim(2)) == strings{"a", "b"});
    CHECK(bodies_of(claim(100, 1)) == strings{"c"});
    CHECK(bodies_of(claim()) == strings{"d"});
    CHECK(bodies_of(claim()) == strings{});
}

TEST_CASE_FIXTURE(claiming_fixture,
                  "a claim ends with its lease, and the next one gets the messages with the same ids") {
    add("a");
    const auto first = claim();
    time.advance(1min - 1us);
    CHECK(claim().entries.empty());
    time.advance(1us);
    const auto second = claim();
    REQUIRE(second.entries.size() == 1);
    CHECK(second.entries[0].content.id == first.entries[0].content.id);
    CHECK(second.holder != first.holder);
    CHECK(settle(first, all_end(first, outbox_outcome::what::published)) == 0);
    CHECK(rows().size() == 1);
    CHECK(settle(second, all_end(second, outbox_outcome::what::published)) == 1);
    CHECK(rows().empty());
}

TEST_CASE_FIXTURE(claiming_fixture,
                  "a later message of a key isn't claimed while an earlier one is outside of the claim") {
    add("a1", "a");
    add("a2", "a");
    add("b1", "b");
    add("-");
    const auto first = claim(1);
    CHECK(bodies_of(first) == strings{"a1"});
    const auto second = claim();
    CHECK(bodies_of(second) == strings{"b1", "-"});
    settle(first, all_end(first, outbox_outcome::what::published));
    CHECK(bodies_of(claim()) == strings{"a2"});
}

TEST_CASE_FIXTURE(claiming_fixture, "messages blocked by their key don't keep a claim from reaching later ones") {
    for (int i = 0; i < 50; ++i) add("hot", "hot");
    add("cold", "cold");
    (void)claim(1);
    CHECK(bodies_of(claim(5)) == strings{"cold"});
}

TEST_CASE_FIXTURE(claiming_fixture, "a returned message is free at once, a failed one after its delay") {
    add("a");
    add("b");
    const auto claimed = claim();
    const std::string long_reason(600, 'x');
    std::vector<outbox_outcome> outcomes{
        {.row = claimed.entries[0].row,
         .kind = outbox_outcome::what::failed,
         .delay = 5s,
         .failure = error(errc::not_found, long_reason + "\xc3\xbc")},
        {.row = claimed.entries[1].row}};
    CHECK(settle(claimed, outcomes) == 2);
    CHECK(bodies_of(claim()) == strings{"b"});
    time.advance(5s);
    const auto again = claim();
    REQUIRE(bodies_of(again) == strings{"a"});
    CHECK(again.entries[0].failures == 1);
    CHECK(rows().front().last_failure.find("xxx") != std::string::npos);
    CHECK(rows().front().last_failure.size() <= 500);
}

TEST_CASE_FIXTURE(claiming_fixture, "a failed message holds up later ones with its key only") {
    add("a1", "a");
    add("a2", "a");
    add("b1", "b");
    const auto claimed = claim();
    auto outcomes = all_end(claimed, outbox_outcome::what::returned);
    outcomes[0].kind = outbox_outcome::what::failed;
    outcomes[0].delay = 1h;
    settle(claimed, outcomes);
    CHECK(bodies_of(claim()) == strings{"b1"});
    time.advance(1h);
    const auto rest = bodies_of(claim());
    CHECK(std::ranges::count(rest, "a1") == 1);
    CHECK(std::ranges::count(rest, "a2") == 1);
}

TEST_CASE_FIXTURE(claiming_fixture, "a row damaged by hand holds up no other, and says why") {
    add("a");
    add("b");
    home.block_on(db.execute("UPDATE outbox_messages SET headers = '{' WHERE body = 'a'")).value();
    CHECK(bodies_of(claim()) == strings{"b"});
    CHECK(rows().front().last_failure.find("invalid headers") != std::string::npos);
}

TEST_CASE_FIXTURE(claiming_fixture, "a holder extends the leases of its own messages") {
    add("a");
    add("b");
    const auto first = claim(1);
    const auto second = claim(1);
    time.advance(50s);
    const std::vector<std::int64_t> both{first.entries[0].row, second.entries[0].row};
    CHECK(home.block_on(store.extend(first.holder, both, 1min)).value() == 1);
    time.advance(50s);
    CHECK(bodies_of(claim()) == strings{"b"});
    time.advance(10s);
    CHECK(bodies_of(claim()) == strings{"a"});
}

TEST_CASE_FIXTURE(claiming_fixture, "the depth is the number of messages and the age of the oldest") {
    CHECK(depth().pending == 0);
    CHECK(depth().oldest == 0s);
    add("a");
    time.advance(7s);
    add("b");
    CHECK(depth().pending == 2);
    CHECK(depth().oldest == 7s);
}

TEST_CASE("without a clock, leases are timed by the database") {
    temporary_folder files;
    loop home;
    database db(files / "outbox.db");
    orm::outbox_store store(db);
    home.block_on(store.prepare()).value();
    auto body = [&](transaction& tx) { return store.add(tx, message("events", "a")); };
    home.block_on(db.transaction(body)).value();
    auto claim = [&](duration lease) { return home.block_on(store.claim("h", 10, 1000, lease)).value(); };
    const auto first = claim(1h);
    REQUIRE(first.size() == 1);
    CHECK(claim(1h).empty());
    std::vector<outbox_outcome> returned{{.row = first[0].row}};
    CHECK(home.block_on(store.settle("h", returned)).value() == 1);
    CHECK(claim(1ms).size() == 1);
    const auto late = std::chrono::steady_clock::now() + 1min;
    std::size_t found = 0;
    while (found == 0 && std::chrono::steady_clock::now() < late) found = claim(1h).size();
    CHECK(found == 1);
}

TEST_CASE("a database in memory makes the outbox's table by itself") {
    loop home;
    database db(":memory:");
    orm::outbox_store store(db);
    auto body = [&](transaction& tx) { return store.add(tx, message("events", "a")); };
    home.block_on(db.transaction(body)).value();
    CHECK(home.block_on(store.depth()).value().pending == 1);
}
