// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/link.hpp"
#include "amqp/publisher.hpp"
#include "amqp/session_thread.hpp"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace weir::amqp {

/// Consumes on a connection of its own, with a channel per subscription. Messages that are retried later or die are
/// published by the publisher, and acknowledged when that is confirmed: a broker that blocks publications still takes
/// acknowledgements.
class receiver final : public session_thread {
public:
    receiver(const queue_options& options, std::shared_ptr<session_counts> counts, publisher& moves);
    ~receiver() override;

    std::shared_ptr<link> add(const consume_options& of);
    void describe(queue_stats& shown) const;

private:
    class move;

    result<void> begin(connection& to) override;
    result<void> work(connection& to) override;
    result<void> take(connection& from, const amqp_frame_t& frame) override;
    void lost(const error& why) override;
    time_point next_due() const override;

    result<void> update(connection& to, const std::shared_ptr<link>& one);
    result<void> establish(connection& to, const std::shared_ptr<link>& one);
    result<void> consume(connection& to, link& one);
    result<void> remove_closing(connection& to);
    result<void> restart(connection& to, link& one);
    result<void> settle_all(connection& to);
    result<void> settle(connection& to, broker_delivery& one);
    void move_away(broker_delivery& one);
    result<void> take_method(connection& from, const amqp_frame_t& frame, const std::shared_ptr<link>& in);
    result<void> arrive(connection& from, const std::shared_ptr<link>& in);
    result<void> look_at_depths(connection& to);
    result<std::size_t> depth_of(connection& to, const std::string& queue);
    std::vector<std::shared_ptr<link>> links() const;
    amqp_channel_t next_channel() noexcept;

    publisher& moves_;
    const std::shared_ptr<settlements> settled_;
    mutable std::mutex mutex_{}; // guards links_ and ended_
    std::vector<std::shared_ptr<link>> links_{};
    bool ended_ = false;

    // Of the thread.
    std::unordered_map<amqp_channel_t, std::shared_ptr<link>> by_channel_{};
    amqp_channel_t last_channel_ = 1;
    time_point next_look_{};
};

} // namespace weir::amqp
