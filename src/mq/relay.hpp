// SPDX-License-Identifier: MIT
#pragma once

#include "mq/relay_round.hpp"
#include <weir/mq/outbox_relay.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace weir::mq::detail {

/// Throws std::invalid_argument for options out of range.
void check(const outbox_relay_options& options);

/// The run of an outbox_relay: claims a batch, publishes it, settles it, and pauses when there is nothing to do.
class relay : public std::enable_shared_from_this<relay> {
public:
    relay(outbox_store& from, queue& to, outbox_relay_options options);

    bool begun() const noexcept { return home_ != nullptr; }
    /// Returns the run, to be started on that loop.
    task<void> begin(loop& on);
    /// Begins nothing further.
    void quit() noexcept;
    /// The same, and leaves the store alone: its owner is about to destroy it.
    void abandon() noexcept;
    /// Closed when the run has ended.
    channel<std::monostate>& ended() noexcept { return ended_; }
    outbox_relay_stats stats() const noexcept;

private:
    enum counted : std::size_t { relayed, failed, lost, store_errors };

    // What comes after a turn; without `wakes` new messages don't end the pause.
    struct rest {
        duration pause{};
        bool wakes = true;
    };
    class presence;

    static task<void> run(std::unique_ptr<presence> mine);
    task<rest> turn();
    task<rest> guarded_turn();
    std::size_t most_to_claim() const noexcept;
    task<bool> pause(rest how);
    rest after(const relay_round& done) noexcept;
    rest after_failure(outbox_event::what kind, error failure) noexcept;
    duration next_pause() noexcept;

    task<result<void>> finish();
    task<void> publish(relay_round& of);
    task<result<void>> publish_lines(relay_round& of);
    task<bool> publish_one(relay_round& of, std::size_t index);
    bool may_publish(const relay_round& of) const noexcept;
    outbox_outcome judge(const relay_round& of, const outbox_entry& entry, const error& failure) noexcept;
    duration delay_after(const outbox_entry& entry, const error& failure) const noexcept;

    task<result<void>> send(relay_round& of, std::size_t index);
    bool is_in_process(const outbox_entry& entry);

    task<void> settle(const relay_round& of);
    void count_settled(std::span<const outbox_outcome> outcomes, std::size_t still_ours) noexcept;
    task<void> settle_handled();
    task<void> extend_unhandled();
    task<void> measure();

    time_point now() const noexcept { return home_->clock().now(); }

    outbox_store& from_;
    queue& to_;
    const outbox_relay_options options_;
    const std::string holder_;
    loop* home_ = nullptr;
    bool stopping_ = false;
    bool abandoned_ = false;
    unsigned quiet_ = 0; // turns without a publication, one after another
    std::optional<time_point> measured_{};
    std::map<std::string, std::int64_t> unhandled_{}; // rows of the messages that wait for their handlers, by id
    std::vector<outbox_outcome> handled_{};           // rows to settle
    time_point extended_{};
    channel<std::monostate> quit_{};
    channel<std::monostate> never_{};
    channel<std::monostate> ended_{};
    std::atomic<bool> running_{false};
    std::atomic<std::size_t> pending_{0};
    std::atomic<duration::rep> oldest_{0};
    std::atomic<std::size_t> waiting_{0}; // the size of unhandled_
    resilience::detail::sharded_counts counts_{};
};

} // namespace weir::mq::detail
