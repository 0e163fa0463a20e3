// SPDX-License-Identifier: MIT
#include <weir/resilience/rate_limiter_metrics.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace {

using limiter_stats = std::function<keyed_limiter_stats()>;

template<class Value>
std::function<double()> reading(const limiter_stats& stats, Value keyed_limiter_stats::*value) {
    return [stats, value] { return static_cast<double>(stats().*value); };
}

} // namespace

void resilience::detail::measure_limiter(metrics& to, std::string_view name, limiter_stats stats) {
    const std::vector<metric_label> labels{{"name", std::string(name)}};
    to.counter_from("rate_limiter_allowed_total", "Calls that a rate limiter has allowed", labels,
                    reading(stats, &keyed_limiter_stats::allowed));
    to.counter_from("rate_limiter_refused_total", "Calls that a rate limiter has refused", labels,
                    reading(stats, &keyed_limiter_stats::refused));
}

void resilience::detail::measure_keys(metrics& to, std::string_view name, limiter_stats stats) {
    const std::vector<metric_label> labels{{"name", std::string(name)}};
    measure_limiter(to, name, stats);
    to.gauge_from(
        "rate_limiter_keys", "Keys that a rate limiter keeps", labels, reading(stats, &keyed_limiter_stats::keys));
    to.counter_from("rate_limiter_evicted_keys_total", "Keys forgotten while some of their permits were in use", labels,
                    reading(stats, &keyed_limiter_stats::evicted));
}

void measure(metrics& to, const token_bucket& of, std::string_view name) {
    resilience::detail::measure_limiter(to, name, [&of] {
        const rate_limiter_stats now = of.stats();
        return keyed_limiter_stats{.allowed = now.allowed, .refused = now.refused};
    });
}

} // namespace weir
