// SPDX-License-Identifier: MIT
// labels: unit
#include "support/allocations.hpp"

#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("allocations are counted") {
    const std::size_t before = test_support::allocated;
    CHECK(std::make_unique<std::vector<int>>(100)->size() == 100);
    CHECK(test_support::allocated >= before + 2);
}

TEST_CASE("once warm, logging a line allocates nothing on the calling thread") {
    const logger log(callback_sink([](std::string_view) {}));
    const logger child = log.with(field("request_id", "r-1"));
    const error failure(errc::unavailable, "connection lost");
    const auto line = [&] {
        child.info("request", field("method", "GET"), field("path", "/todos/\"7\"\n"), field("status", 200),
                   field("took_ms", 1234us), field("ratio", 0.25), field("error", failure), field("password", "p"),
                   field("a_key_of_many_words_that_is_shown", 1), field("clientSecret", "s"));
    };
    for (int n = 0; n < 10; ++n) line();
    REQUIRE(log.flush(1min));
    const std::size_t before = test_support::allocated;
    for (int n = 0; n < 5; ++n) line();
    CHECK(test_support::allocated == before);
}

TEST_CASE("a line below the level never allocates") {
    const logger log(callback_sink([](std::string_view) {}));
    const std::size_t before = test_support::allocated;
    log.debug("a message that is longer than a short string", field("list", "a value that is longer than that too"));
    CHECK(test_support::allocated == before);
}

TEST_CASE("counting allocates nothing after a thread's first time, nor does finding a known series") {
    metrics all;
    counter& hits = all.counter("hits_total", "Hits");
    histogram& took = all.histogram("took_seconds", "Time");
    const auto routes = all.counters("routes_total", "Routes", {"method", "route"});
    const std::string route = "/a/route/that/is/longer/than/a/short/string";
    const auto count = [&] {
        hits.add();
        took.observe(5ms);
        routes.with("GET", route).add();
    };
    count();
    const std::size_t before = test_support::allocated;
    for (int n = 0; n < 5; ++n) count();
    CHECK(test_support::allocated == before);
}
