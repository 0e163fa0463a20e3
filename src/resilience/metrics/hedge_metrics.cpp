// SPDX-License-Identifier: MIT
#include <weir/resilience/hedge_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const hedge& of, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    const auto read = [&of](auto hedge_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    to.counter_from("hedge_calls_total", "Calls through a hedge", named, read(&hedge_stats::calls));
    to.counter_from("hedge_hedged_total", "Second attempts", named, read(&hedge_stats::hedged));
    to.counter_from("hedge_won_total", "Second attempts whose result was used", named, read(&hedge_stats::won));
    to.counter_from("hedge_budget_refused_total", "Second attempts refused by the budget", named,
                    read(&hedge_stats::budget_refused));
}

} // namespace weir
