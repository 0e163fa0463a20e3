// SPDX-License-Identifier: MIT
#include <weir/redis/lock_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const redis::lock& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    using stats = redis::lock_stats;
    const std::string measured(name);
    const labels named{{"name", measured}};
    const auto read = [&of](std::uint64_t stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count_renewals = [&](const char* outcome, std::uint64_t stats::*value) {
        to.counter_from("redis_lock_renewals_total", "Renewals of locks, by outcome",
                        labels{{"name", measured}, {"outcome", outcome}}, read(value));
    };
    to.counter_from("redis_locks_acquired_total", "Locks acquired", named, read(&stats::acquired));
    to.counter_from(
        "redis_locks_refused_total", "Attempts that another holder's lock has ended", named, read(&stats::refused));
    to.counter_from("redis_locks_lost_total", "Locks lost while they were held", named, read(&stats::lost));
    count_renewals("renewed", &stats::renewed);
    count_renewals("failed", &stats::failed_renewals);
    to.gauge_from("redis_locks_held", "Locks held", named, read(&stats::held));
}

} // namespace weir
