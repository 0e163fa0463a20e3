// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/message_codec.hpp"
#include "amqp/topology.hpp"
#include "amqp/wake_fd.hpp"
#include <weir/core/intrusive_list.hpp>
#include <weir/mq/engine.hpp>
#include <weir/mq/queue.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace weir::amqp {

class link;

/// A delivery from the broker. The receiver's thread makes and destroys it, unless that thread has ended.
class broker_delivery final : public mq::unsettled, public weir::detail::list_hook<broker_delivery> {
public:
    broker_delivery(std::shared_ptr<link> of, std::shared_ptr<const message> content, std::uint64_t at_tag,
                    std::uint64_t at_epoch) noexcept
        : unsettled(std::move(content)), in(std::move(of)), tag(at_tag), epoch(at_epoch) {}

    void settle(mq::settlement verdict) noexcept override;

    const std::string& key() const noexcept { return delivered->key; }

    const std::shared_ptr<link> in;
    const std::uint64_t tag;   ///< of its channel
    const std::uint64_t epoch; ///< of its link when it came: a stale delivery can't be acknowledged
    mq::settlement how{};      ///< once settled
    bool moved = false;        ///< published to another queue
    bool move_failed = false;
};

/// Settled deliveries on their way to the receiver's thread. Shared by the links, so that it outlives the thread.
class settlements {
public:
    explicit settlements(std::shared_ptr<const wake_fd> wake) noexcept : wake_(std::move(wake)) {}

    void add(broker_delivery& one) noexcept;
    weir::detail::intrusive_list<broker_delivery> take() noexcept;
    /// From now on settled deliveries are destroyed at once.
    void close() noexcept;
    void wake() const noexcept { wake_->wake(); }

private:
    const std::shared_ptr<const wake_fd> wake_;
    std::mutex mutex_{};
    weir::detail::intrusive_list<broker_delivery> all_{};
    bool closed_ = false;
};

/// The deliveries of one subscription. Its public functions are for the consumer's loop; the rest is the receiver's.
class link final : public mq::consumer_link {
public:
    link(const queue_options& options, const consume_options& of, std::shared_ptr<settlements> to);

    channel<mq::claim>& arriving() noexcept override { return ready_; }
    task<result<void>> established() override;
    void close() noexcept override;

    const std::string& topic() const noexcept { return topic_; }
    const std::string& group() const noexcept { return group_; }
    queue_group_stats stats() const;

private:
    friend class receiver;
    friend class broker_delivery;

    // The deliveries of one key: the first is with a consumer or held back for its retry, the others wait for it.
    struct lane {
        broker_delivery* first = nullptr;
        std::deque<broker_delivery*> waiting{};
    };

    void offer(broker_delivery& one);
    void deliver(broker_delivery& one);
    void advance(broker_delivery& one);
    void drop(broker_delivery& one);
    void hold(broker_delivery& one, time_point until);
    void release_due(time_point now);
    void reset();
    bool current(const broker_delivery& one) const noexcept { return one.epoch == epoch_; }

    const std::string topic_;
    const std::string group_;
    const std::uint16_t prefetch_;
    channel<mq::claim> ready_;
    channel<std::monostate> established_{}; // closed once it is, or the queue is closed
    std::atomic<bool> closing_{false};
    std::atomic<bool> ended_{false}; // the receiver has ended
    const std::shared_ptr<settlements> settled_;
    std::atomic<std::size_t> on_broker_{0}; // messages ready there at the last look
    std::atomic<std::size_t> dead_{0};
    std::atomic<std::size_t> unsettled_{0};

    // Of the receiver's thread.
    amqp_channel_t channel_ = 0; // 0: none
    std::uint64_t epoch_ = 0;    // changes with the channel
    time_point retry_at_{};      // for the next attempt to open the channel
    content_reader reader_;
    std::uint64_t arriving_tag_ = 0;
    bool arriving_again_ = false;
    std::unordered_map<std::string, lane> lanes_{};
    std::multimap<time_point, broker_delivery*> held_{}; // until their retry
};

} // namespace weir::amqp
