// SPDX-License-Identifier: MIT
#include <weir/amqp/queue_metrics.hpp>

#include <string>
#include <vector>

namespace weir::amqp {

void measure(metrics& to, queue& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    weir::measure(to, of, name);
    const std::string measured(name);
    const auto read = [&of](auto amqp_stats::*value) {
        return [&of, value] { return static_cast<double>(of.broker_stats().*value); };
    };
    const auto count = [&](const char* metric, const char* help, std::uint64_t amqp_stats::*value) {
        to.counter_from(metric, help, labels{{"name", measured}}, read(value));
    };
    const auto connected = [&](const char* use, bool amqp_stats::*value) {
        to.gauge_from("amqp_connected", "Whether the connection to the broker is up",
                      labels{{"name", measured}, {"use", use}}, read(value));
    };
    connected("publish", &amqp_stats::publishing);
    connected("consume", &amqp_stats::consuming);
    to.gauge_from("amqp_blocked", "Whether the broker refuses messages for lack of memory or disk space",
                  labels{{"name", measured}}, read(&amqp_stats::blocked));
    to.gauge_from("amqp_unconfirmed", "Messages that wait for the broker's confirmation", labels{{"name", measured}},
                  read(&amqp_stats::unconfirmed));
    count("amqp_connections_total", "Connections made", &amqp_stats::connections);
    count("amqp_connections_failed_total", "Attempts to connect that failed", &amqp_stats::failed_connections);
    count("amqp_connections_lost_total", "Connections lost", &amqp_stats::lost_connections);
    count("amqp_unroutable_total", "Messages that no queue takes", &amqp_stats::unroutable);
    count("amqp_nacked_total", "Messages that the broker refused", &amqp_stats::nacked);
    count("amqp_outcome_unknown_total", "Messages sent and not confirmed", &amqp_stats::outcome_unknown);
    count("amqp_cancelled_total", "Consumers cancelled by the broker", &amqp_stats::cancelled_by_broker);
}

} // namespace weir::amqp
