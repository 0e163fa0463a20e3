// SPDX-License-Identifier: MIT
#include <weir/mq/outbox_metrics.hpp>

#include <chrono>
#include <string>

namespace weir {

void measure(metrics& to, const outbox_relay& of, std::string_view name) {
    const std::vector<metric_label> named{{"name", std::string(name)}};
    const auto count = [&](const char* metric, const char* help, std::uint64_t outbox_relay_stats::*value) {
        to.counter_from(metric, help, named, [&of, value] { return static_cast<double>(of.stats().*value); });
    };
    count("outbox_relayed_total", "Messages published from the outbox", &outbox_relay_stats::relayed);
    count("outbox_failed_total", "Failed attempts to publish a message", &outbox_relay_stats::failed);
    count("outbox_lost_total", "Published messages not deleted within their lease", &outbox_relay_stats::lost);
    count("outbox_store_errors_total", "Failed calls of the outbox's store", &outbox_relay_stats::store_errors);
    to.gauge_from("outbox_pending", "Messages not yet published", named, [&of] {
        return static_cast<double>(of.stats().pending);
    });
    to.gauge_from("outbox_unhandled", "Messages published that wait for their handlers", named, [&of] {
        return static_cast<double>(of.stats().unhandled);
    });
    to.gauge_from("outbox_oldest_seconds", "Age of the oldest message not yet published", named, [&of] {
        return std::chrono::duration<double>(of.stats().oldest).count();
    });
}

} // namespace weir
