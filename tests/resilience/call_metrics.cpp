// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/resilience/fallback_metrics.hpp>
#include <weir/resilience/hedge_metrics.hpp>
#include <weir/resilience/retry_metrics.hpp>
#include <weir/resilience/single_flight_metrics.hpp>
#include <weir/resilience/timeout_metrics.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct call_metrics_fixture {
    loop home;
    metrics all;

    bool shows(const std::string& line) const {
        return ("\n" + all.text()).find("\n" + line + "\n") != std::string::npos;
    }
};

auto unavailable_call() {
    return []() -> task<result<int>> { co_return errc::unavailable; };
}

} // namespace

TEST_CASE_FIXTURE(call_metrics_fixture, "a retry and its budget have metrics") {
    retry_budget budget({.ratio = 0.5, .min_per_second = 0});
    retry backoff({.attempts = 2, .base = 0ns, .budget = &budget});
    measure(all, backoff, "db");
    measure(all, budget, "db");
    auto call = unavailable_call();
    for (int i = 0; i < 4; ++i) CHECK(!home.block_on(backoff.run(call)));
    int calls = 0;
    auto second = [&calls]() -> task<result<int>> {
        if (++calls == 1) co_return errc::unavailable;
        co_return 7;
    };
    home.block_on(backoff.run([] { return 7; }));
    CHECK(home.block_on(backoff.run(second)));
    CHECK(shows("retry_calls_total{name=\"db\"} 6"));
    CHECK(shows("retry_attempts_total{name=\"db\"} 9"));
    CHECK(shows("retry_recovered_total{name=\"db\"} 1"));
    CHECK(shows("retry_gave_up_total{name=\"db\",reason=\"exhausted\"} 2"));
    CHECK(shows("retry_gave_up_total{name=\"db\",reason=\"budget\"} 2"));
    CHECK(shows("retry_gave_up_total{name=\"db\",reason=\"too_late\"} 0"));
    CHECK(shows("retry_budget_granted_total{name=\"db\"} 3"));
    CHECK(shows("retry_budget_refused_total{name=\"db\"} 2"));
    CHECK(shows("retry_budget_balance{name=\"db\"} 0"));
    CHECK_THROWS_AS(measure(all, backoff, "db"), std::invalid_argument);
}

TEST_CASE_FIXTURE(call_metrics_fixture, "a timeout has metrics") {
    timeout none(0ns);
    measure(all, none, "db");
    CHECK(!home.block_on(none.run([] { return 7; })));
    CHECK(shows("timeout_calls_total{name=\"db\"} 1"));
    CHECK(shows("timeout_exceeded_total{name=\"db\"} 1"));
}

TEST_CASE_FIXTURE(call_metrics_fixture, "a hedge has metrics") {
    hedge second({.delay = 1h});
    measure(all, second, "db");
    CHECK(home.block_on(second.run([] { return 7; })));
    CHECK(shows("hedge_calls_total{name=\"db\"} 1"));
    CHECK(shows("hedge_hedged_total{name=\"db\"} 0"));
    CHECK(shows("hedge_won_total{name=\"db\"} 0"));
    CHECK(shows("hedge_budget_refused_total{name=\"db\"} 0"));
}

TEST_CASE_FIXTURE(call_metrics_fixture, "a fallback has metrics") {
    fallback zero(0);
    fallback fails([](const error& failed) -> result<int> { return failed; });
    measure(all, zero, "zero");
    measure(all, fails, "fails");
    auto call = unavailable_call();
    CHECK(home.block_on(zero.run(call)));
    CHECK(!home.block_on(fails.run(call)));
    CHECK(shows("fallback_calls_total{name=\"zero\"} 1"));
    CHECK(shows("fallback_used_total{name=\"zero\"} 1"));
    CHECK(shows("fallback_failed_total{name=\"zero\"} 0"));
    CHECK(shows("fallback_used_total{name=\"fails\"} 0"));
    CHECK(shows("fallback_failed_total{name=\"fails\"} 1"));
}

TEST_CASE_FIXTURE(call_metrics_fixture, "a single_flight has metrics") {
    single_flight<int> flights;
    measure(all, flights, "users");
    CHECK(home.block_on(flights.run("a", [] { return 7; })));
    CHECK(shows("single_flight_calls_total{name=\"users\"} 1"));
    CHECK(shows("single_flight_runs_total{name=\"users\"} 1"));
    CHECK(shows("single_flight_shared_total{name=\"users\"} 0"));
    CHECK(shows("single_flight_handed_over_total{name=\"users\"} 0"));
}
