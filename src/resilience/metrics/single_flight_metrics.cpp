// SPDX-License-Identifier: MIT
#include <weir/resilience/single_flight_metrics.hpp>

#include <string>
#include <vector>

namespace weir::resilience::detail {

void measure_flights(metrics& to, std::function<single_flight_stats()> read, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    const auto count = [&](const char* metric, const char* help, std::uint64_t single_flight_stats::*value) {
        to.counter_from(metric, help, named, [read, value] { return static_cast<double>(read().*value); });
    };
    count("single_flight_calls_total", "Calls that share results", &single_flight_stats::calls);
    count("single_flight_runs_total", "Calls actually made", &single_flight_stats::runs);
    count("single_flight_shared_total", "Calls that got another call's result", &single_flight_stats::shared);
    count("single_flight_handed_over_total", "Runs that another caller took over", &single_flight_stats::handed_over);
}

} // namespace weir::resilience::detail
