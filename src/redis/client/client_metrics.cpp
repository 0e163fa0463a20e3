// SPDX-License-Identifier: MIT
#include <weir/redis/client_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const redis::client& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    using stats = redis::client_stats;
    const std::string measured(name);
    const labels named{{"name", measured}};
    const auto read = [&of](auto stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count = [&](const char* metric, const char* help, auto stats::*value) {
        to.counter_from(metric, help, named, read(value));
    };
    const auto count_errors = [&](const char* reason, auto stats::*value) {
        to.counter_from("redis_errors_total", "Commands without a good reply, by reason",
                        labels{{"name", measured}, {"reason", reason}}, read(value));
    };
    count("redis_commands_total", "Commands sent", &stats::commands);
    count("redis_sent_bytes_total", "Bytes sent", &stats::sent);
    count("redis_received_bytes_total", "Bytes received", &stats::received);
    count("redis_reconnects_total", "Connections made in place of a lost one", &stats::reconnects);
    count("redis_failovers_total", "Changes of Sentinel's master", &stats::failovers);
    count("redis_redirects_total", "Redirections of a cluster that were followed", &stats::redirects);
    count_errors("server", &stats::errors);
    count_errors("lost", &stats::lost);
    count_errors("late", &stats::late);
    count_errors("cancelled", &stats::cancelled);
    count_errors("refused", &stats::refused);
    to.gauge_from("redis_in_flight", "Commands that wait for their reply", named, read(&stats::in_flight));
    to.gauge_from("redis_waiting", "Commands that wait to be sent", named, read(&stats::waiting));
    to.gauge_from("redis_connections", "Open connections", named, read(&stats::open));
}

} // namespace weir
