// SPDX-License-Identifier: MIT
#include <weir/resilience/retry_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const retry& of, std::string_view name) {
    const std::string measured(name);
    const std::vector<metric_label> named{{"name", measured}};
    const auto read = [&of](auto retry_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count_gave_up = [&](const char* reason, auto retry_stats::*value) {
        to.counter_from("retry_gave_up_total", "Calls that gave up on an error worth a retry, by reason",
                        {{"name", measured}, {"reason", reason}}, read(value));
    };
    to.counter_from("retry_calls_total", "Calls through a retry", named, read(&retry_stats::calls));
    to.counter_from("retry_attempts_total", "Attempts of these calls, including the first ones", named, [&of] {
        const retry_stats now = of.stats();
        return static_cast<double>(now.calls + now.retries);
    });
    to.counter_from(
        "retry_recovered_total", "Calls that succeeded after a retry", named, read(&retry_stats::recovered));
    count_gave_up("exhausted", &retry_stats::exhausted);
    count_gave_up("budget", &retry_stats::budget_refused);
    count_gave_up("too_late", &retry_stats::too_late);
}

void measure(metrics& to, const retry_budget& of, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    to.counter_from("retry_budget_granted_total", "Retries granted by the budget", named, [&of] {
        return static_cast<double>(of.stats().granted);
    });
    to.counter_from("retry_budget_refused_total", "Retries refused by the budget", named, [&of] {
        return static_cast<double>(of.stats().refused);
    });
    to.gauge_from("retry_budget_balance", "Retries that calls have paid for", named, [&of] {
        return of.stats().balance;
    });
}

} // namespace weir
