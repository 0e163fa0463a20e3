// SPDX-License-Identifier: MIT
// labels: integration
#include "support/promtool.hpp"

#include <weir/core/blocking_pool.hpp>
#include <weir/observe/collectors.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;
using test_support::promtool;

TEST_CASE("promtool accepts a service's metrics without any remark") {
    blocking_pool pool({.name = "db", .threads = 1});
    memory_log kept;
    const logger log(kept.sink());
    metrics all({.max_series = 3});
    observe_process(all);
    observe(all, pool);
    observe(all, log);
    all.counter("jobs_done_total", "Jobs done: 100% of \"them\"\\\nreally").add(3);
    all.gauge("temperature_celsius", "Temperature").set(-3.25e-7);
    all.gauges("queue_length", "Queued", {"queue"}).with("odd \"name\"\\\n\xff 张").add(1e300);
    all.histogram("request_duration_seconds", "Time to answer").observe(0.02);
    const auto by_route =
        all.histograms("route_size_bytes", "Sizes", {"route", "method"}, exponential_buckets(64, 4, 8));
    for (int n = 0; n < 5; ++n) by_route.with("/todos/" + std::to_string(n), "GET").observe(1000.0 * n);
    all.gauge_from("unreadable", "Can't be read", {}, []() -> double { throw std::runtime_error("gone"); });
    all.counters("never_used_total", "Without a series", {"x"});

    const std::string text = all.text();
    REQUIRE(text.find("weir_metrics_overflow_total") != std::string::npos);
    const auto found = promtool(text);
    INFO(text);
    CHECK(found.says == "");
    CHECK(found.status == 0);
}

TEST_CASE("an empty registry is accepted too") {
    const auto found = promtool(metrics().text());
    CHECK(found.says == "");
    CHECK(found.status == 0);
}

TEST_CASE("promtool reports mistakes") {
    CHECK(promtool("requests{ 1\n").status == 1);
    CHECK(promtool("# HELP requests Requests\n# TYPE requests counter\nrequests 1\n").status == 3);
}
