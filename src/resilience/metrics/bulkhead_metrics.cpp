// SPDX-License-Identifier: MIT
#include <weir/resilience/bulkhead_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const bulkhead& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    const std::string measured(name);
    const auto read = [&of](auto bulkhead_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count_refused = [&](const char* reason, auto bulkhead_stats::*value) {
        to.counter_from("bulkhead_refused_total", "Calls that were refused, by reason",
                        labels{{"name", measured}, {"reason", reason}}, read(value));
    };
    const labels named{{"name", measured}};
    to.gauge_from("bulkhead_in_flight", "Calls in progress", named, read(&bulkhead_stats::in_flight));
    to.gauge_from("bulkhead_waiting", "Calls that wait for a place", named, read(&bulkhead_stats::waiting));
    to.gauge_from(
        "bulkhead_max_concurrent", "Maximum number of calls in progress", named, read(&bulkhead_stats::max_concurrent));
    to.counter_from("bulkhead_admitted_total", "Calls admitted", named, read(&bulkhead_stats::admitted));
    to.counter_from("bulkhead_waited_total", "Calls that had to wait", named, read(&bulkhead_stats::waited));
    count_refused("full", &bulkhead_stats::refused);
    count_refused("waited", &bulkhead_stats::refused_waiting);
}

} // namespace weir
