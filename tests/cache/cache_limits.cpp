// SPDX-License-Identifier: MIT
#include "cache/cache_fixture.hpp"
#include <weir/cache/cache_weight.hpp>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::cache_fixture;

TEST_CASE_FIXTURE(cache_fixture, "the number of entries never exceeds the size") {
    for (const auto kind : {cache_eviction::w_tiny_lfu, cache_eviction::lru})
        for (const std::size_t size : {1U, 2U, 3U, 10U, 100U}) {
            cache<int, int> squares({.size = size, .eviction = kind});
            for (int i = 0; i < 1000; ++i) {
                squares.put(i, i * i);
                if (i % 3 == 0) squares.find(i / 2);
                REQUIRE(squares.stats().entries <= size);
            }
            CHECK(squares.stats().entries == size);
            CHECK(squares.stats().evicted == 1000 - size);
        }
}

TEST_CASE_FIXTURE(cache_fixture, "the bytes never exceed their limit") {
    for (const auto kind : {cache_eviction::w_tiny_lfu, cache_eviction::lru}) {
        const auto by_size = [](const int&, const std::string& value) { return value.size(); };
        cache<int, std::string> texts({.size = 1'000'000, .bytes = 1000, .eviction = kind}, by_size);
        for (int i = 0; i < 2000; ++i) {
            texts.put(i % 300, std::string(static_cast<std::size_t>(i * 7919 % 400), 'x'));
            texts.find(i % 37);
            REQUIRE(texts.stats().bytes <= 1000);
        }
        CHECK(texts.stats().bytes > 500);
    }
}

TEST_CASE_FIXTURE(cache_fixture, "a value larger than the limit isn't stored and removes the old one") {
    cache_options given = options(time);
    given.bytes = 1000;
    strings rooms(given);
    rooms.put("a", "small");
    CHECK(rooms.find("a"));
    rooms.put("a", std::string(1000, 'x'));
    CHECK(!rooms.find("a"));
    CHECK(rooms.stats().refused == 1);
    CHECK(rooms.stats().bytes == 0);
    auto large = [] { return std::string(1000, 'x'); };
    CHECK(home.block_on(rooms.get_or("b", large))->size() == 1000);
    CHECK(!rooms.find("b"));
}

TEST_CASE_FIXTURE(cache_fixture, "a size of zero stores nothing but shares loads") {
    cache_options given = options(time);
    SUBCASE("entries") { given.size = 0; }
    SUBCASE("bytes") { given.bytes = 0; }
    given.error_ttl = 1s;
    strings rooms(given);
    call first(home, ask(rooms, "a"));
    call second(home, ask(rooms, "a"));
    advance(1s);
    home.poll();
    CHECK(*first.outcome().value() == "1");
    CHECK(*second.outcome().value() == "1");
    failure = errc::not_found;
    ask_now(rooms, "b");
    CHECK(rooms.stats().entries == 0);
}

TEST_CASE_FIXTURE(cache_fixture, "no limits are none") {
    cache_options given = options(time);
    given.size = cache_options::no_limit;
    given.ttl = duration::max();
    given.stale_if_error = duration::max();
    strings rooms(given);
    for (int i = 0; i < 5000; ++i) rooms.put(std::to_string(i), "x");
    advance(24h * 365 * 200);
    CHECK(rooms.stats().entries == 5000);
    for (int i = 0; i < 5000; ++i) REQUIRE(rooms.find(std::to_string(i)));
}

TEST_CASE_FIXTURE(cache_fixture, "lru evicts the entry that wasn't used for the longest time") {
    cache_options given = options(time);
    given.size = 3;
    given.eviction = cache_eviction::lru;
    strings rooms(given);
    for (const char* key : {"a", "b", "c"}) rooms.put(key, key);
    rooms.find("a");
    rooms.put("d", "d");
    CHECK(!rooms.find("b"));
    for (const char* key : {"a", "c", "d"}) CHECK(rooms.find(key));
}

TEST_CASE_FIXTURE(cache_fixture, "entries used once don't displace popular ones") {
    cache_options given = options(time);
    given.size = 100;
    strings rooms(given);
    for (int round = 0; round < 5; ++round)
        for (int i = 0; i < 80; ++i) {
            const std::string key = "popular " + std::to_string(i);
            if (!rooms.find(key)) rooms.put(key, "x");
        }
    for (int i = 0; i < 10'000; ++i) rooms.put("once " + std::to_string(i), "x");
    int left = 0;
    for (int i = 0; i < 80; ++i) left += rooms.find("popular " + std::to_string(i)) != nullptr;
    CHECK(left >= 75);
}

TEST_CASE_FIXTURE(cache_fixture, "entries that are too old are removed by later writes") {
    strings rooms(options(time));
    for (int i = 0; i < 1000; ++i) rooms.put("old " + std::to_string(i), "x");
    advance(30s);
    for (int i = 0; i < 1000; ++i) rooms.put("new " + std::to_string(i), "x");
    CHECK(rooms.stats().expired > 900);
    CHECK(rooms.stats().entries < 1100);
}

TEST_CASE_FIXTURE(cache_fixture, "jitter shortens the time to live by the share that it says") {
    cache_options given = options(time);
    given.ttl_jitter = 0.5;
    double drawn = 0;
    given.random = [&] { return drawn; };
    strings rooms(given);
    rooms.put("full", "x");
    drawn = 0.5;
    rooms.put("shorter", "x");
    advance(22500ms - 1ns);
    CHECK(rooms.find("shorter"));
    advance(1ns);
    CHECK(!rooms.find("shorter"));
    advance(7500ms - 1ns);
    CHECK(rooms.find("full"));
}

TEST_CASE("options out of range are refused with their names") {
    const auto refused = [](cache_options given) {
        try {
            cache<int, int> made(given);
        } catch (const std::invalid_argument& why) {
            return std::string(why.what());
        }
        return std::string("accepted");
    };
    CHECK(refused({.ttl = -1s}) == "cache_options::ttl = -1000000000 ns: accepted 0 ns to duration::max()");
    CHECK(refused({.ttl_jitter = 1.5}) == "cache_options::ttl_jitter = 1.5: accepted 0 to 1");
    CHECK(refused({.ttl_jitter = std::numeric_limits<double>::quiet_NaN()}).starts_with("cache_options::ttl_jitter"));
    CHECK(refused({.negative_ttl = -1s}).starts_with("cache_options::negative_ttl"));
    CHECK(refused({.error_ttl = -1s}).starts_with("cache_options::error_ttl"));
    CHECK(refused({.stale_while_revalidate = -1s}).starts_with("cache_options::stale_while_revalidate"));
    CHECK(refused({.stale_if_error = -1s}).starts_with("cache_options::stale_if_error"));
    CHECK(refused({.max_wait = 0s}).starts_with("cache_options::max_wait"));
    CHECK(refused({.time = nullptr}) == "cache_options::time = nullptr: accepted a clock");
}

namespace {

struct described_page {
    std::string title{};
    std::vector<std::string> lines{};
    std::optional<std::string> note{};
    int number = 0;
};
BOOST_DESCRIBE_STRUCT(described_page, (), (title, lines, note, number))

} // namespace

TEST_CASE("the default weight counts what strings, containers and described structs own") {
    CHECK(owned_bytes(7) == 0);
    CHECK(owned_bytes(std::string("abc")) == 3);
    CHECK(owned_bytes(std::vector<int>{1, 2}) == 2 * sizeof(int));
    const described_page page{.title = "abc", .lines = {"de", "f"}, .note = "ghij"};
    CHECK(owned_bytes(page) == 3 + 2 * sizeof(std::string) + 3 + 4);
}
