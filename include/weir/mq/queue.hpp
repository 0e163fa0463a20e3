// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/core/result.hpp>
#include <weir/mq/detail/typed_handler.hpp>
#include <weir/mq/message.hpp>
#include <weir/mq/subscription.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

class histogram;
template<class Series>
class metric_family;

namespace mq {

class consumer_link;

namespace detail {

struct queue_counts;

} // namespace detail

} // namespace mq

/// Marks an error that no repetition can repair: the message goes to the dead letters at once. The error keeps its kind
/// and gets the code `permanent`; the original is its cause.
error permanent(error failure);

/// Whether a failed message goes to the dead letters without another attempt: `permanent` errors, invalid_argument,
/// validation_failed, too_large and unimplemented.
bool is_permanent(const error& failure) noexcept;

/// An attempt that didn't succeed.
struct consume_event {
    enum class what : std::uint8_t {
        retrying, ///< attempted again after `delay`
        dead,     ///< moved to the dead letters
        returned, ///< cut off by a stop: goes back to the queue
    };
    what kind = what::retrying;
    const weir::delivery* delivered = nullptr; ///< valid during the call
    duration delay{};
    error failure{};
};

struct consume_options {
    std::string topic{};
    std::string group{};         ///< each group gets every message; the consumers of a group share them
    std::size_t concurrency = 8; ///< handlers that run at a time
    std::size_t prefetch = 0;    ///< messages that a network engine delivers ahead; 0: twice the concurrency
    std::uint32_t attempts = 5;  ///< before a message goes to the dead letters, including the first; at least 1
    duration backoff = std::chrono::seconds(1);           ///< upper bound of the first delay; half of it is random
    double multiplier = 2;                                ///< growth of that bound per attempt; 1 to 1000
    duration max_backoff = std::chrono::minutes(5);       ///< upper bound of any delay
    duration time_limit = std::chrono::minutes(1);        ///< of a handler, which is then cancelled; max(): none
    duration drain = std::chrono::seconds(8);             ///< how long `subscription::stop` lets handlers run
    std::function<double()> random{};                     ///< in [0, 1), thread-safe; default: the thread's generator
    std::function<void(const consume_event&)> on_event{}; ///< called on the consuming loop; exceptions are ignored
};

struct queue_group_stats {
    std::string topic{};
    std::string group{};
    std::size_t depth = 0; ///< messages not yet handled, including delayed ones and those in flight
    std::size_t delayed = 0;
    std::size_t in_flight = 0; ///< delivered to consumers
    std::size_t dead_letters = 0;
    duration oldest{}; ///< age of the oldest message not yet handled
};

/// Counts are of this object since its creation; sizes are of the queue, as far as its engine knows them.
struct queue_stats {
    std::uint64_t published = 0;
    std::uint64_t publish_failed = 0; ///< including refused ones
    std::uint64_t delivered = 0;      ///< handlers begun
    std::uint64_t done = 0;
    std::uint64_t retried = 0;
    std::uint64_t dead = 0;
    std::uint64_t returned = 0; ///< cut off by a stop
    std::size_t running = 0;    ///< handlers
    std::size_t waiting = 0;    ///< calls of `publish` that wait for room or for a confirmation
    std::vector<queue_group_stats> groups{};
};

/// A queue of messages: publishers write to a topic, each group of consumers gets every message of it. Delivery is at
/// least once, so handlers must be idempotent (see weir::idempotent). The engine is chosen by its constructor
/// (memory_queue, amqp::queue, redis::stream_queue); everything else is the same. Process-wide: any loop may publish
/// and consume.
class queue {
public:
    virtual ~queue();
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    /// Publishes a message, and succeeds once the engine has taken responsibility for it. Errors: not_found with the
    /// code `unroutable` if no group takes the topic; invalid_argument; too_large; resource_exhausted with the code
    /// `queue_full`; unavailable; deadline_exceeded at the context's deadline; cancelled. The code `outcome_unknown`
    /// means that the message may have been published: publish it again with the same id.
    task<result<void>> publish(message one);
    /// The same for a value as JSON.
    template<class T>
    task<result<void>> publish_json(std::string topic, const T& value) {
        return publish(json_message(std::move(topic), value));
    }

    /// Creates a group, which gets the messages published from then on; `consume` does so too. Names have up to 100
    /// letters, digits, `-`, `_` and `.`. The views must last until the task ends.
    virtual task<result<void>> declare(std::string_view topic, std::string_view group) = 0;

    /// Handles a group's messages on that loop. The handler is a `task<result<void>>(delivery&)`, or takes a described
    /// struct `T&`, decoded from JSON, and optionally the delivery; a body that can't be decoded is a permanent error.
    /// Success removes the message; an error or an exception leads to another attempt after a delay, or to the dead
    /// letters (see `is_permanent`). Throws std::invalid_argument for options out of range. Loop thread, or before it
    /// runs.
    ///
    ///     mails = queue.consume(loop, {.topic = "user_events", .group = "mail"},
    ///                           [&](user_registered& event) { return mailer.welcome(event.user_id); });
    template<class Handler>
    subscription consume(loop& on, consume_options options, Handler handler) {
        return attach(on, std::move(options), mq::detail::as_handler(std::move(handler)));
    }

    /// Lists up to `most` dead letters of a group, oldest first.
    virtual task<result<std::vector<dead_letter>>> dead_letters(
        std::string_view topic, std::string_view group, std::size_t most) = 0;
    /// Moves the dead letters with that id, or all of them if it is empty, back to the group as first attempts; returns
    /// how many.
    virtual task<result<std::size_t>> requeue_dead(std::string_view topic, std::string_view group,
                                                   std::string_view id) = 0;
    /// Deletes the dead letters with that id, or all of them if it is empty; returns how many.
    virtual task<result<std::size_t>> discard_dead(std::string_view topic, std::string_view group,
                                                   std::string_view id) = 0;

    /// Refuses further messages and ends all deliveries, once publications in progress have ended. Stop the
    /// subscriptions first. Idempotent.
    virtual task<result<void>> close() = 0;

    queue_stats stats() const;
    const std::string& name() const noexcept { return name_; }

    // For `measure`: observes how long handlers take, by topic and group.
    void measure_handlers(const metric_family<histogram>& in);

protected:
    queue(std::string name, std::size_t max_message_bytes);

    /// Takes a message that has been checked.
    virtual task<result<void>> send(message one) = 0;
    virtual std::shared_ptr<mq::consumer_link> link(loop& on, const consume_options& options) = 0;
    /// Sets what the engine knows.
    virtual void describe(queue_stats& shown) const = 0;

private:
    subscription attach(loop& on, consume_options options, mq::detail::handler handler);

    const std::string name_;
    const std::size_t max_message_bytes_;
    const std::shared_ptr<mq::detail::queue_counts> counts_;
};

} // namespace weir
