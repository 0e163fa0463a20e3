// SPDX-License-Identifier: MIT
#include <weir/redis/rate_limiter_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const redis::rate_limiter& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    using stats = redis::rate_limiter_stats;
    const std::string measured(name);
    const labels named{{"name", measured}};
    const auto read = [&of](auto stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count_failures = [&](const char* reason, auto stats::*value) {
        to.counter_from("rate_limiter_failures_total", "Decisions that Redis didn't make, by reason",
                        labels{{"name", measured}, {"reason", reason}}, read(value));
    };
    to.counter_from(
        "rate_limiter_allowed_total", "Calls that a rate limiter has allowed", named, read(&stats::allowed));
    to.counter_from(
        "rate_limiter_refused_total", "Calls that a rate limiter has refused", named, read(&stats::refused));
    to.counter_from("rate_limiter_local_decisions_total", "Calls decided by the local share of a shared limit", named,
                    read(&stats::local_decisions));
    count_failures("unanswered", &stats::unanswered);
    count_failures("rejected", &stats::rejected);
    to.gauge_from("rate_limiter_keys", "Keys that a rate limiter keeps", named, read(&stats::local_keys));
    to.gauge_from(
        "rate_limiter_degraded", "1 while a shared limit is decided by its local share", named, read(&stats::degraded));
}

} // namespace weir
