// SPDX-License-Identifier: MIT
#include <weir/resilience/bulkhead_metrics.hpp>
#include <weir/resilience/circuit_breaker_metrics.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;

namespace {

bool has_sample(const metrics& of, const std::string& line) {
    return of.text().find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("a breaker's metrics export its state, its calls and its rates") {
    metrics all;
    circuit_breaker breaker({.window_calls = 4, .minimum_calls = 4});
    measure(all, breaker, "wechat");
    CHECK(has_sample(all, R"(circuit_breaker_state{name="wechat",state="closed"} 1)"));
    for (int i = 0; i < 3; ++i) breaker.try_acquire().value().fail(errc::unavailable);
    { const auto dropped = breaker.try_acquire(); }
    breaker.try_acquire().value().succeed();
    CHECK(!breaker.try_acquire());
    CHECK(has_sample(all, R"(circuit_breaker_state{name="wechat",state="closed"} 0)"));
    CHECK(has_sample(all, R"(circuit_breaker_state{name="wechat",state="open"} 1)"));
    CHECK(has_sample(all, R"(circuit_breaker_calls_total{name="wechat",outcome="succeeded"} 1)"));
    CHECK(has_sample(all, R"(circuit_breaker_calls_total{name="wechat",outcome="failed"} 3)"));
    CHECK(has_sample(all, R"(circuit_breaker_calls_total{name="wechat",outcome="given_back"} 1)"));
    CHECK(has_sample(all, R"(circuit_breaker_slow_calls_total{name="wechat"} 0)"));
    CHECK(has_sample(all, R"(circuit_breaker_not_permitted_total{name="wechat"} 1)"));
    CHECK(has_sample(all, R"(circuit_breaker_opened_total{name="wechat"} 1)"));
    CHECK(has_sample(all, R"(circuit_breaker_failure_rate{name="wechat"} 0.75)"));
    CHECK(has_sample(all, R"(circuit_breaker_slow_call_rate{name="wechat"} 0)"));
}

TEST_CASE("a bulkhead's metrics export its calls in progress and its refusals") {
    metrics all;
    bulkhead slots({.max_concurrent = 1});
    measure(all, slots, "search");
    const auto place = slots.try_acquire();
    CHECK(!slots.try_acquire());
    CHECK(has_sample(all, R"(bulkhead_in_flight{name="search"} 1)"));
    CHECK(has_sample(all, R"(bulkhead_waiting{name="search"} 0)"));
    CHECK(has_sample(all, R"(bulkhead_max_concurrent{name="search"} 1)"));
    CHECK(has_sample(all, R"(bulkhead_admitted_total{name="search"} 1)"));
    CHECK(has_sample(all, R"(bulkhead_waited_total{name="search"} 0)"));
    CHECK(has_sample(all, R"(bulkhead_refused_total{name="search",reason="full"} 1)"));
    CHECK(has_sample(all, R"(bulkhead_refused_total{name="search",reason="waited"} 0)"));
}

TEST_CASE("several breakers and bulkheads are exported under their own names") {
    metrics all;
    circuit_breaker breaker;
    bulkhead slots;
    measure(all, breaker, "a");
    measure(all, breaker, "b");
    measure(all, slots, "a");
    measure(all, slots, "b");
    CHECK_THROWS_AS(measure(all, breaker, "a"), std::invalid_argument);
    CHECK_THROWS_AS(measure(all, slots, "a"), std::invalid_argument);
    CHECK(has_sample(all, R"(circuit_breaker_state{name="b",state="closed"} 1)"));
}
