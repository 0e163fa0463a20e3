// SPDX-License-Identifier: MIT
#include <weir/resilience/fallback_metrics.hpp>

#include <string>
#include <vector>

namespace weir::resilience::detail {

void measure_fallback(metrics& to, std::function<fallback_stats()> read, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    to.counter_from("fallback_calls_total", "Calls with a fallback", named, [read] {
        return static_cast<double>(read().calls);
    });
    to.counter_from("fallback_used_total", "Calls whose result the fallback replaced", named, [read] {
        return static_cast<double>(read().used);
    });
    to.counter_from("fallback_failed_total", "Calls whose fallback failed", named, [read] {
        return static_cast<double>(read().failed);
    });
}

} // namespace weir::resilience::detail
