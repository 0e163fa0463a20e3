// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir {

/// What `publish` does when a topic is full.
enum class full_queue : std::uint8_t {
    wait,   ///< waits for room, first come, first served
    refuse, ///< errc::resource_exhausted with the code `queue_full`
};

struct memory_queue_options {
    std::string name = "queue";                            ///< in metrics and errors
    std::size_t max_messages = 10'000;                     ///< per topic, until all groups have handled them
    std::size_t max_bytes = std::size_t{64} << 20U;        ///< per topic, likewise
    std::size_t max_message_bytes = std::size_t{1} << 20U; ///< of one message; at most max_bytes
    full_queue when_full = full_queue::wait;
    duration publish_wait = std::chrono::seconds(30);    ///< for room; deadline_exceeded with the code `queue_full`
    std::size_t max_dead = 1000;                         ///< dead letters per group; the oldest is then deleted
    std::size_t max_dead_bytes = std::size_t{16} << 20U; ///< per group, likewise
    std::size_t max_groups = 1000;                       ///< in all topics
    const weir::clock* clock = nullptr;                  ///< of the loops that use the queue; null: the machine's
};

struct memory_queue_stats {
    std::uint64_t dead_dropped = 0; ///< dead letters deleted for lack of room
    std::size_t bytes = 0;          ///< of messages not yet handled by all groups
    std::size_t topics = 0;
};

/// A queue in the process's memory: the embedded default, which needs no server. Messages are lost when the process
/// ends; where that matters, publish through an outbox or use another engine. A message is held once for all groups.
/// Delays and retries are timed by the loops that consume, on their clocks.
class memory_queue final : public queue {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit memory_queue(memory_queue_options options = {});
    /// Drops all messages. Waiting publications end with errc::unavailable, and subscriptions deliver nothing more.
    ~memory_queue() override;

    task<result<void>> declare(std::string_view topic, std::string_view group) override;
    task<result<std::vector<dead_letter>>> dead_letters(std::string_view topic, std::string_view group,
                                                        std::size_t most) override;
    task<result<std::size_t>> requeue_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<std::size_t>> discard_dead(std::string_view topic, std::string_view group,
                                           std::string_view id) override;
    task<result<void>> close() override;

    memory_queue_stats memory_stats() const;

private:
    struct state;

    task<result<void>> send(message one) override;
    std::shared_ptr<mq::consumer_link> link(loop& on, const consume_options& options) override;
    void describe(queue_stats& shown) const override;

    const std::shared_ptr<state> state_;
};

} // namespace weir
