// SPDX-License-Identifier: MIT
#include <weir/mqtt/client_metrics.hpp>

namespace weir::mqtt {

void measure(metrics& to, const client& of) {
    const std::vector<metric_label> named{{"name", of.name()}};
    const auto read = [&of](auto client_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto total = [&](const char* name, const char* help, std::uint64_t client_stats::*value) {
        to.counter_from(name, help, named, read(value));
    };
    using stats = client_stats;
    to.gauge_from("mqtt_connected", "1 while the client is connected", named, read(&stats::connected));
    to.gauge_from("mqtt_waiting", "Messages that wait or are in flight", named, read(&stats::waiting));
    to.gauge_from("mqtt_waiting_bytes", "Their size", named, read(&stats::waiting_bytes));
    total("mqtt_connects_total", "Connections accepted by the broker", &stats::connects);
    total("mqtt_connect_failures_total", "Attempts to connect that failed", &stats::connect_failures);
    total("mqtt_disconnects_total", "Connections that were lost", &stats::disconnects);
    total("mqtt_published_total", "Messages that the broker has taken", &stats::published);
    total("mqtt_publish_failures_total", "Accepted messages that ended with an error", &stats::publish_failures);
    total("mqtt_refused_total", "Messages that found no room or no connection", &stats::refused);
    total("mqtt_received_total", "Messages received", &stats::received);
    total("mqtt_handled_total", "Messages that a handler has handled", &stats::handled);
    total("mqtt_handler_errors_total", "Attempts of handlers that failed", &stats::handler_errors);
    total("mqtt_dropped_total", "Messages with QoS 0 that found a full buffer", &stats::dropped);
    total("mqtt_unmatched_total", "Messages that no subscription selects", &stats::unmatched);
}

} // namespace weir::mqtt
