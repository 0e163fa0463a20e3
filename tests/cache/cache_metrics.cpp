// SPDX-License-Identifier: MIT
#include "cache/cache_fixture.hpp"
#include <weir/cache/cache_metrics.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::cache_fixture;

TEST_CASE_FIXTURE(cache_fixture, "a cache's metrics say how often it was asked and with which outcome") {
    cache_options given = options(time);
    given.stale_if_error = 60s;
    given.size = 2;
    strings rooms(given);
    metrics exported;
    measure(exported, rooms, "rooms");
    ask_now(rooms, "a");
    ask_now(rooms, "a");
    advance(40s);
    failure = errc::unavailable;
    ask_now(rooms, "a");
    failure = errc::not_found;
    ask_now(rooms, "b");
    ask_now(rooms, "b");
    rooms.erase("a");
    const std::string text = exported.text();
    for (const char* line : {
             "cache_lookups_total{name=\"rooms\",outcome=\"hit\"} 1\n",
             "cache_lookups_total{name=\"rooms\",outcome=\"stale\"} 0\n",
             "cache_lookups_total{name=\"rooms\",outcome=\"negative\"} 1\n",
             "cache_lookups_total{name=\"rooms\",outcome=\"miss\"} 3\n",
             "cache_loads_total{name=\"rooms\"} 3\n",
             "cache_failed_loads_total{name=\"rooms\"} 1\n",
             "cache_stale_on_error_total{name=\"rooms\"} 1\n",
             "cache_stored_total{name=\"rooms\"} 1\n",
             "cache_refused_total{name=\"rooms\"} 0\n",
             "cache_removed_total{name=\"rooms\",reason=\"evicted\"} 0\n",
             "cache_removed_total{name=\"rooms\",reason=\"erased\"} 1\n",
             "cache_removed_total{name=\"rooms\",reason=\"expired\"} 0\n",
             "cache_entries{name=\"rooms\"} 1\n",
         }) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    CHECK(text.find("cache_bytes{name=\"rooms\"} ") != std::string::npos);
    CHECK_THROWS_AS(measure(exported, rooms, "rooms"), std::invalid_argument);
}
