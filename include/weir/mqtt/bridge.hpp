// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mq/message.hpp>
#include <weir/mqtt/client.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir {

class queue;

} // namespace weir

namespace weir::mqtt {

struct bridge_options {
    std::string filter{}; ///< of the MQTT messages to forward
    std::string topic{};  ///< of the queue
    qos level = qos::at_least_once;
    /// Makes the queue's message. Default: the payload as body, the MQTT topic as key, so that each topic keeps its
    /// order, and as the header `mqtt-topic`.
    std::function<weir::message(const message&)> convert{};
    duration publish_limit = std::chrono::seconds(10);    ///< for one attempt to publish
    duration retry_base = std::chrono::milliseconds(100); ///< first pause after a failure; doubles
    duration retry_max = std::chrono::seconds(10);
};

struct bridge_stats {
    std::uint64_t forwarded = 0;
    std::uint64_t failures = 0;  ///< attempts that failed and are repeated
    std::uint64_t discarded = 0; ///< messages that the queue will never take (see weir::is_permanent)
};

/// Forwards messages from an MQTT broker to a queue. A message is acknowledged to the broker once the queue has taken
/// it, and the same message is tried again until then: with QoS 1 or 2 and a persistent session it is delivered at
/// least once from end to end. A message that the queue will never take is discarded and counted. Process-wide; the
/// client and the queue must outlive the client's connection.
///
///     weir::mqtt::bridge readings(devices, work, {.filter = "rooms/#", .topic = "readings"});
///     app.on_start("readings", [&] { return readings.start(); });
class bridge {
public:
    /// Throws std::invalid_argument for a filter that can't be subscribed, or a limit of zero or less.
    bridge(client& from, queue& to, bridge_options options);

    /// Subscribes; errors are those of `client::subscribe`.
    task<result<void>> start();
    /// Unsubscribes. A message in progress may still reach the queue.
    task<result<void>> stop();

    bridge_stats stats() const noexcept;

private:
    struct state;

    client& from_;
    std::shared_ptr<state> state_; // shared with the handler
};

} // namespace weir::mqtt
