// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/connection.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::amqp {

/// The name of a topic's exchange.
std::string exchange_name(const queue_options& options, std::string_view topic);
/// The name of a group's queue for messages without keys.
std::string group_queue(const queue_options& options, std::string_view topic, std::string_view group);
/// The name of a group's queue for one partition.
std::string partition_queue(const queue_options& options, std::string_view topic, std::string_view group,
                            std::size_t partition);
std::string dead_queue(const queue_options& options, std::string_view topic, std::string_view group);

/// The partition of a key: the same in all processes and versions.
std::size_t partition_of(std::string_view key, std::size_t partitions) noexcept;
/// What a message with that key is routed by; a message without a key by `any`.
std::string routing_key(std::string_view key, std::size_t partitions);
/// The queue of a group that holds messages with that key.
std::string queue_of_key(const queue_options& options, std::string_view topic, std::string_view group,
                         std::string_view key);

/// Rounds a delay up to two digits in milliseconds, so that there are few different ones.
std::int64_t rounded_delay(duration delay) noexcept;

/// The name of a delay's exchange and of its queue.
std::string delay_exchange(const queue_options& options, std::string_view topic, std::int64_t milliseconds);
/// The name of the queue in which a group's messages wait for another attempt.
std::string retry_queue(const queue_options& options, std::string_view topic, std::string_view group,
                        std::int64_t milliseconds);

/// Where a message is published to.
struct destination {
    std::string exchange{};
    std::string key{};
};

/// Declares exchanges and queues on a channel; a declaration that exists as it should be changes nothing. An error may
/// have closed the channel.
class topology {
public:
    topology(const queue_options& options, connection& on, amqp_channel_t channel)
        : options_(options), on_(on), channel_(channel) {}

    result<void> declare_topic(std::string_view topic);
    result<void> declare_group(std::string_view topic, std::string_view group);
    /// Declares `delay_exchange`, whose messages go on to the topic's exchange after the delay.
    result<void> declare_delay(std::string_view topic, std::int64_t milliseconds);
    /// Declares `retry_queue`, whose messages go on to the group's queue for messages without keys.
    result<void> declare_retry(std::string_view topic, std::string_view group, std::int64_t milliseconds);

private:
    result<void> declare_exchange(const std::string& name, const char* type, bool passing);
    result<void> declare_queue(const std::string& name, std::vector<amqp_table_entry_t> arguments);
    result<void> bind(const std::string& queue, const std::string& exchange, std::string_view key);
    std::vector<amqp_table_entry_t> delay_arguments(std::int64_t milliseconds, std::string_view exchange) const;

    const queue_options& options_;
    connection& on_;
    const amqp_channel_t channel_;
};

/// Remembers which delays were declared on a connection: their queues expire when they aren't used.
class declared_delays {
public:
    /// Whether the queue must be declared (again).
    bool is_due(const std::string& queue, time_point now);

private:
    std::unordered_map<std::string, time_point> declared_{};
};

} // namespace weir::amqp
