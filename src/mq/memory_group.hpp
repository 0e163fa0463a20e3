// SPDX-License-Identifier: MIT
#pragma once

#include "mq/room_line.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/intrusive_list.hpp>
#include <weir/mq/engine.hpp>
#include <weir/mq/queue.hpp>

#include <boost/intrusive/set.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace weir::mq::detail {

class memory_entry;
class memory_group;

/// The messages of one key in a group: the first is delivered or waits for its retry, the others wait for it.
struct memory_lane {
    memory_entry* last = nullptr; // null: none is first
    std::size_t members = 0;      // including delayed ones, which aren't in line yet
};

/// A message in a topic, and its room there until all groups have handled it.
struct stored_message {
    stored_message(message of, room_line::room taken, time_point at) noexcept
        : content(std::move(of)), room(std::move(taken)), published(at) {}

    const message content;
    std::optional<room_line::room> room;
    const time_point published;
    std::size_t groups = 0; // that haven't handled it; guarded by the topic's lock
};

/// A message in a group. The group's lists own it, and meanwhile a claim may refer to it.
class memory_entry final
    : public unsettled,
      public weir::detail::list_hook<memory_entry>,
      public boost::intrusive::set_base_hook<> {
public:
    memory_entry(memory_group& of, std::shared_ptr<stored_message> stored);
    ~memory_entry() override;

    void settle(settlement how) noexcept override;

    memory_group& in;
    const std::shared_ptr<stored_message> message;
    memory_lane* lane = nullptr;    // of a live one with a key
    memory_entry* behind = nullptr; // the next one in its lane
    bool leads = false;             // first in its lane
    time_point due{};               // of a delayed one
    wall_time died{};               // of a dead letter
};

/// Wakes a task that waits for the next due message of a group. Shared with that task.
using poke_channel = std::shared_ptr<channel<std::monostate>>;

struct memory_limits {
    std::size_t max_messages;
    std::size_t max_dead;
    std::size_t max_dead_bytes;
};

/// The messages of a topic for one group. All but `arriving` and `settle` require the topic's lock.
class memory_group {
public:
    memory_group(std::mutex& topic_lock, const weir::clock& time, std::string topic, std::string group,
                 memory_limits limits);
    memory_group(const memory_group&) = delete;
    memory_group& operator=(const memory_group&) = delete;
    ~memory_group();

    const std::string& name() const noexcept { return group_; }
    channel<claim>& arriving() noexcept { return ready_; }

    // A message's way into the group has a part that may throw and one that can't, so that it enters all groups of the
    // topic or none.
    std::unique_ptr<memory_entry> prepare(const std::shared_ptr<stored_message>& stored);
    void enter(std::unique_ptr<memory_entry> one) noexcept;

    /// Delivers the messages that are due, and returns when the next one is.
    time_point release_due(time_point now) noexcept;
    void add_clock(const poke_channel& of);
    void remove_clock(const poke_channel& of) noexcept;

    void settle(memory_entry& one, settlement how) noexcept;

    std::vector<dead_letter> dead_letters(std::size_t most) const;
    std::size_t requeue_dead(std::string_view id, const std::shared_ptr<room_line>& room);
    std::size_t discard_dead(std::string_view id) noexcept;

    /// Ends the deliveries for good.
    void close() noexcept;
    queue_group_stats stats() const;
    std::uint64_t dead_dropped() const noexcept { return dead_dropped_; }

private:
    using entries = weir::detail::intrusive_list<memory_entry>;
    struct by_due {
        using type = time_point;
        const time_point& operator()(const memory_entry& one) const noexcept { return one.due; }
    };
    using schedule = boost::intrusive::multiset<memory_entry, boost::intrusive::key_of_value<by_due>>;
    struct key_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
    };

    friend class memory_entry;

    void join(memory_entry& one) noexcept;
    void deliver(memory_entry& one) noexcept;
    void postpone(memory_entry& one, duration by) noexcept;
    void advance_lane(memory_entry& one) noexcept;
    void leave_lane(memory_entry& one) noexcept;
    void end_life(memory_entry& one) noexcept;
    void remove(memory_entry& one) noexcept;
    void bury(memory_entry& one) noexcept;
    void take_dead(memory_entry& one) noexcept;
    void delete_dead(memory_entry& one) noexcept;

    std::mutex& mutex_; // the topic's
    const weir::clock& time_;
    const std::string topic_;
    const std::string group_;
    const memory_limits limits_;
    entries live_{}; // in the order of their publication
    entries dead_{};
    std::unordered_map<std::string, memory_lane, key_hash, std::equal_to<>> lanes_{};
    schedule delayed_{};
    std::vector<poke_channel> clocks_{};
    std::size_t live_count_ = 0;
    std::size_t dead_count_ = 0;
    std::size_t dead_bytes_ = 0;
    std::size_t claimed_ = 0; // ready or in flight
    std::uint64_t dead_dropped_ = 0;
    bool closed_ = false;
    channel<claim> ready_; // destroyed first: its claims refer to the entries
};

} // namespace weir::mq::detail
