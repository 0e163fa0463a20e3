// SPDX-License-Identifier: MIT
#include <weir/resilience/circuit_breaker_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

namespace {

constexpr circuit_state all_states[] = {
    circuit_state::closed,   circuit_state::open,         circuit_state::half_open,
    circuit_state::disabled, circuit_state::metrics_only, circuit_state::forced_open};

using labels = std::vector<metric_label>;

void measure_states(metrics& to, const circuit_breaker& of, const std::string& breaker) {
    for (const circuit_state state : all_states)
        to.gauge_from("circuit_breaker_state", "1 for the circuit's current state",
                      labels{{"name", breaker}, {"state", std::string(name(state))}},
                      [&of, state] { return of.state() == state ? 1.0 : 0.0; });
}

} // namespace

void measure(metrics& to, const circuit_breaker& of, std::string_view name) {
    const std::string breaker(name);
    const auto read = [&of](auto circuit_breaker_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count_outcome = [&](const char* outcome, auto circuit_breaker_stats::*value) {
        to.counter_from("circuit_breaker_calls_total", "Calls that were permitted and have ended, by outcome",
                        labels{{"name", breaker}, {"outcome", outcome}}, read(value));
    };
    const labels named{{"name", breaker}};
    measure_states(to, of, breaker);
    count_outcome("succeeded", &circuit_breaker_stats::total_succeeded);
    count_outcome("failed", &circuit_breaker_stats::total_failed);
    count_outcome("given_back", &circuit_breaker_stats::total_given_back);
    to.counter_from(
        "circuit_breaker_slow_calls_total", "Calls that were slow", named, read(&circuit_breaker_stats::total_slow));
    to.counter_from("circuit_breaker_not_permitted_total", "Calls that were refused", named,
                    read(&circuit_breaker_stats::total_not_permitted));
    to.counter_from("circuit_breaker_opened_total", "Times that the circuit opened", named,
                    read(&circuit_breaker_stats::total_opened));
    to.gauge_from("circuit_breaker_failure_rate", "Part of the calls in the window that failed", named,
                  read(&circuit_breaker_stats::failure_rate));
    to.gauge_from("circuit_breaker_slow_call_rate", "Part of the calls in the window that were slow", named,
                  read(&circuit_breaker_stats::slow_call_rate));
}

} // namespace weir
