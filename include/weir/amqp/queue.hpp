// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::amqp {

/// The kind of RabbitMQ queue that holds messages (https://www.rabbitmq.com/docs/quorum-queues).
enum class queue_type : std::uint8_t {
    quorum,  ///< replicated and on disk; a message survives the loss of a minority of nodes
    classic, ///< on one node
};

struct tls_options {
    std::string authority_file{};   ///< in PEM; empty: TLS is off
    std::string certificate_file{}; ///< of the client, in PEM; empty: none
    std::string key_file{};
    bool verify_host = true;
};

struct queue_options {
    std::string name = "rabbitmq";               ///< in metrics and errors
    std::vector<std::string> hosts{"127.0.0.1"}; ///< `host` or `host:port`, tried in turn
    std::string user = "guest";
    std::string password = "guest";
    std::string vhost = "/";
    tls_options tls{};
    std::string prefix = "weir"; ///< of the names of exchanges and queues on the broker
    queue_type type = queue_type::quorum;
    std::size_t partitions = 4; ///< queues per group for messages with keys, 1 to 64; all instances must use the same
    std::size_t max_pending = 10'000; ///< publications not yet confirmed; further ones wait
    std::size_t max_pending_bytes = std::size_t{64} << 20U;
    std::size_t max_message_bytes = std::size_t{1} << 20U; ///< larger ones from other clients become dead letters
    duration publish_wait = std::chrono::seconds(30);      ///< for a confirmation, a connection included
    duration connect_timeout = std::chrono::seconds(5);    ///< of one attempt, and of an answer to a request
    /// 1 s to 1 h. The connection is given up after twice this time if the broker is silent or leaves a message
    /// unconfirmed.
    duration heartbeat = std::chrono::seconds(10);
    duration min_reconnect = std::chrono::milliseconds(100); ///< pause after a failed attempt, which doubles
    duration max_reconnect = std::chrono::seconds(10);
    duration depth_interval = std::chrono::seconds(5); ///< how often the broker is asked for the depths in `stats`
};

struct amqp_stats {
    bool publishing = false; ///< connected
    bool consuming = false;  ///< connected
    bool blocked = false;    ///< the broker takes no messages, for lack of memory or disk space
    std::size_t unconfirmed = 0;
    std::uint64_t connections = 0; ///< made, including the first ones
    std::uint64_t failed_connections = 0;
    std::uint64_t lost_connections = 0;
    std::uint64_t unroutable = 0;
    std::uint64_t nacked = 0;              ///< publications that the broker refused
    std::uint64_t outcome_unknown = 0;     ///< publications whose connection was lost before the confirmation
    std::uint64_t cancelled_by_broker = 0; ///< consumers, because their queue was deleted or moved
    std::string last_error{};              ///< of a connection or a declaration
};

/// A queue on RabbitMQ, by rabbitmq-c. A topic is a direct exchange `PREFIX.TOPIC`; a group has a queue
/// `PREFIX.TOPIC:GROUP`, one per partition for messages with keys (`/0`, `/1`, ..., with a single active consumer), and
/// one for dead letters (`/dead`). All are durable and declared again after a reconnection. Delays are rounded up to
/// two digits. A message with a key waits for its retry with its consumer, so keep `max_backoff` well below the
/// broker's consumer timeout (30 minutes). Two threads own the connections: `amqp-pub` and `amqp-sub`.
class queue final : public weir::queue {
public:
    /// Starts the threads, which connect and go on trying. Throws std::invalid_argument for options out of range, and
    /// std::system_error if a thread or descriptor can't be made.
    explicit queue(queue_options options = {});
    /// Closes the connections; waits for the threads, up to a `connect_timeout` while they connect.
    ~queue() override;

    task<result<void>> declare(std::string_view topic, std::string_view group) override;
    task<result<std::vector<dead_letter>>> dead_letters(std::string_view topic, std::string_view group,
                                                        std::size_t most) override;
    task<result<std::size_t>> requeue_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<std::size_t>> discard_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<void>> close() override;

    amqp::amqp_stats broker_stats() const;

private:
    struct impl;

    task<result<void>> send(message one) override;
    std::shared_ptr<mq::consumer_link> link(loop& on, const consume_options& options) override;
    void describe(weir::queue_stats& shown) const override;

    const std::unique_ptr<impl> impl_;
};

} // namespace weir::amqp
