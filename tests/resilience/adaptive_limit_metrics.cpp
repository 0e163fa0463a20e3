// SPDX-License-Identifier: MIT
#include <weir/resilience/adaptive_limit_metrics.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;

TEST_CASE("an adaptive limit's metrics are labelled with its name and its classes of traffic") {
    manual_clock time;
    adaptive_limit_options options;
    options.initial = 2;
    options.time = &time;
    adaptive_limit limit(options);
    metrics all;
    measure(all, limit, "api");
    const auto first = limit.try_acquire(traffic::critical);
    const auto second = limit.try_acquire(traffic::critical);
    CHECK(!limit.try_acquire(traffic::batch));
    const std::string text = all.text();
    for (const char* line : {
             "adaptive_limit{name=\"api\"} 2",
             "adaptive_limit_in_flight{name=\"api\"} 2",
             "adaptive_limit_latency_seconds{name=\"api\"} 0",
             "adaptive_limit_min_latency_seconds{name=\"api\"} 0",
             "adaptive_limit_probes_total{name=\"api\"} 0",
             "adaptive_limit_share{name=\"api\",class=\"normal\"} 0.9",
             "adaptive_limit_admitted_total{name=\"api\",class=\"critical\"} 2",
             "adaptive_limit_refused_total{name=\"api\",class=\"batch\"} 1",
         }) {
        CAPTURE(line);
        CAPTURE(text);
        CHECK(text.find(std::string(line) + "\n") != std::string::npos);
    }
    CHECK_THROWS_AS(measure(all, limit, "api"), std::invalid_argument);
    measure(all, limit, "reports");
}
