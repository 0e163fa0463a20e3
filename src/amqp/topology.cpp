// SPDX-License-Identifier: MIT
#include "amqp/topology.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir::amqp {

namespace {

constexpr std::int64_t delivery_limit = 100;      // of messages whose handlers crash the process, by quorum queues
constexpr std::int64_t unused_expiry = 3'600'000; // milliseconds that a delay's queue outlives its last message
constexpr duration declared_again = std::chrono::minutes(30);

} // namespace

std::string exchange_name(const queue_options& options, std::string_view topic) {
    return fmt::format("{}.{}", options.prefix, topic);
}

std::string group_queue(const queue_options& options, std::string_view topic, std::string_view group) {
    return fmt::format("{}.{}:{}", options.prefix, topic, group);
}

std::string partition_queue(const queue_options& options, std::string_view topic, std::string_view group,
                            std::size_t partition) {
    return fmt::format("{}.{}:{}/{}", options.prefix, topic, group, partition);
}

std::string dead_queue(const queue_options& options, std::string_view topic, std::string_view group) {
    return fmt::format("{}.{}:{}/dead", options.prefix, topic, group);
}

std::string delay_exchange(const queue_options& options, std::string_view topic, std::int64_t milliseconds) {
    return fmt::format("{}.{}/delay/{}", options.prefix, topic, milliseconds);
}

std::string retry_queue(const queue_options& options, std::string_view topic, std::string_view group,
                        std::int64_t milliseconds) {
    return fmt::format("{}.{}:{}/retry/{}", options.prefix, topic, group, milliseconds);
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
std::size_t partition_of(std::string_view key, std::size_t partitions) noexcept {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    return (hash >> 32U ^ hash) % partitions;
}

std::string routing_key(std::string_view key, std::size_t partitions) {
    return key.empty() ? "any" : fmt::format("{}", partition_of(key, partitions));
}

std::string queue_of_key(const queue_options& options, std::string_view topic, std::string_view group,
                         std::string_view key) {
    if (key.empty()) return group_queue(options, topic, group);
    return partition_queue(options, topic, group, partition_of(key, options.partitions));
}

std::int64_t rounded_delay(duration delay) noexcept {
    const std::int64_t exact = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(delay).count());
    std::int64_t step = 1;
    while (exact / step >= 100) step *= 10;
    return (exact + step - 1) / step * step;
}

result<void> topology::declare_exchange(const std::string& name, const char* type, bool passing) {
    amqp_exchange_declare(
        on_.state(), channel_, bytes(name), amqp_cstring_bytes(type), 0, 1, passing ? 1 : 0, 0, amqp_empty_table);
    return on_.outcome("can't declare exchange " + name);
}

result<void> topology::declare_queue(const std::string& name, std::vector<amqp_table_entry_t> arguments) {
    arguments.push_back(
        entry("x-queue-type",
              options_.type == queue_type::quorum ? std::string_view("quorum") : std::string_view("classic")));
    amqp_queue_declare(on_.state(), channel_, bytes(name), 0, 1, 0, 0, table(arguments));
    return on_.outcome("can't declare queue " + name);
}

result<void> topology::bind(const std::string& queue, const std::string& exchange, std::string_view key) {
    amqp_queue_bind(on_.state(), channel_, bytes(queue), bytes(exchange), bytes(key), amqp_empty_table);
    return on_.outcome("can't bind queue " + queue);
}

result<void> topology::declare_topic(std::string_view topic) {
    return declare_exchange(exchange_name(options_, topic), "direct", false);
}

result<void> topology::declare_group(std::string_view topic, std::string_view group) {
    const std::string exchange = exchange_name(options_, topic);
    const std::string dead = dead_queue(options_, topic, group);
    if (auto made = declare_topic(topic); !made) return made;
    if (auto made = declare_queue(dead, {}); !made) return made;
    std::vector<amqp_table_entry_t> arguments{entry("x-dead-letter-exchange", std::string_view()),
                                              entry("x-dead-letter-routing-key", std::string_view(dead))};
    if (options_.type == queue_type::quorum) arguments.push_back(entry("x-delivery-limit", delivery_limit));
    const std::string shared = group_queue(options_, topic, group);
    if (auto made = declare_queue(shared, arguments); !made) return made;
    if (auto bound = bind(shared, exchange, "any"); !bound) return bound;
    arguments.push_back(entry("x-single-active-consumer", true));
    for (std::size_t i = 0; i < options_.partitions; ++i) {
        const std::string one = partition_queue(options_, topic, group, i);
        if (auto made = declare_queue(one, arguments); !made) return made;
        if (auto bound = bind(one, exchange, fmt::format("{}", i)); !bound) return bound;
    }
    return ok();
}

// A quorum queue keeps a message until its next queue has confirmed it.
std::vector<amqp_table_entry_t> topology::delay_arguments(std::int64_t milliseconds, std::string_view exchange) const {
    std::vector<amqp_table_entry_t> made{
        entry("x-message-ttl", milliseconds), entry("x-expires", milliseconds + unused_expiry),
        entry("x-dead-letter-exchange", exchange)};
    if (options_.type == queue_type::quorum) {
        made.push_back(entry("x-dead-letter-strategy", std::string_view("at-least-once")));
        made.push_back(entry("x-overflow", std::string_view("reject-publish")));
    }
    return made;
}

// The delay has an exchange of its own, so that its messages keep the routing key by which the topic's exchange routes
// them.
result<void> topology::declare_delay(std::string_view topic, std::int64_t milliseconds) {
    const std::string name = delay_exchange(options_, topic, milliseconds);
    const std::string exchange = exchange_name(options_, topic);
    if (auto made = declare_topic(topic); !made) return made;
    if (auto made = declare_exchange(name, "fanout", true); !made) return made;
    if (auto made = declare_queue(name, delay_arguments(milliseconds, exchange)); !made) return made;
    return bind(name, name, "");
}

result<void> topology::declare_retry(std::string_view topic, std::string_view group, std::int64_t milliseconds) {
    const std::string target = group_queue(options_, topic, group);
    auto arguments = delay_arguments(milliseconds, "");
    arguments.push_back(entry("x-dead-letter-routing-key", std::string_view(target)));
    return declare_queue(retry_queue(options_, topic, group, milliseconds), std::move(arguments));
}

bool declared_delays::is_due(const std::string& queue, time_point now) {
    const auto [at, added] = declared_.try_emplace(queue, now);
    if (!added && now - at->second < declared_again) return false;
    at->second = now;
    return true;
}

} // namespace weir::amqp
