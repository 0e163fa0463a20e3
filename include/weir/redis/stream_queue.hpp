// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/queue.hpp>
#include <weir/redis/client.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis {

struct stream_queue_options {
    std::string name = "redis";  ///< in metrics and errors
    std::string prefix = "weir"; ///< of the keys on the server
    /// of a group, not yet handled; a publication beyond it is refused with `queue_full`, and nothing is trimmed
    std::size_t max_messages = 1'000'000;
    std::size_t max_message_bytes = std::size_t{1} << 20U;
    std::size_t max_dead = 100'000; ///< dead letters of a group; the oldest are deleted beyond it
    /// A consumer that is silent for this long loses its messages to the others; 100 ms to 1 h. A living one keeps them
    /// however long a handler takes.
    duration claim_after = std::chrono::seconds(30);
    duration poll = std::chrono::milliseconds(500); ///< between two looks for messages that are due; 10 ms to 1 min
};

struct stream_stats {
    std::uint64_t claimed = 0;  ///< messages taken over from silent consumers
    std::uint64_t refused = 0;  ///< verdicts on messages that another consumer had taken over
    std::uint64_t failures = 0; ///< of the consumers' commands
    std::string last_error{};
};

/// A queue on Redis streams (6.2 or later). A group has a stream `PREFIX:{TOPIC}:GROUP`; a publication is one script
/// that adds the message to all groups or to none. A handled message is deleted. Messages of a key wait in a list until
/// the one before them has ended, so there are no partitions. A restart of Redis loses no confirmed message with
/// `appendfsync always`, those of the last second with `everysec`, and all without `appendonly`; a failover may lose
/// some. Each subscription has a connection of its own. The sizes in `stats` are of the groups that this object
/// consumes.
///
///     weir::redis::stream_queue mails(db);
class stream_queue final : public weir::queue {
public:
    /// The client must outlive the queue and its subscriptions. Throws std::invalid_argument for options out of range.
    explicit stream_queue(client& on, stream_queue_options options = {});
    ~stream_queue() override;

    task<result<void>> declare(std::string_view topic, std::string_view group) override;
    task<result<std::vector<dead_letter>>> dead_letters(std::string_view topic, std::string_view group,
                                                        std::size_t most) override;
    task<result<std::size_t>> requeue_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<std::size_t>> discard_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<void>> close() override;

    redis::stream_stats stream_stats() const;

private:
    struct state;

    task<result<void>> send(message one) override;
    std::shared_ptr<mq::consumer_link> link(loop& on, const consume_options& options) override;
    void describe(weir::queue_stats& shown) const override;

    const std::shared_ptr<state> state_;
};

} // namespace weir::redis
