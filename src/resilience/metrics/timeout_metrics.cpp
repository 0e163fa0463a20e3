// SPDX-License-Identifier: MIT
#include <weir/resilience/timeout_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const timeout& of, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    to.counter_from("timeout_calls_total", "Calls through a timeout", named, [&of] {
        return static_cast<double>(of.stats().calls);
    });
    to.counter_from("timeout_exceeded_total", "Calls that were cancelled at the limit", named, [&of] {
        return static_cast<double>(of.stats().exceeded);
    });
}

} // namespace weir
