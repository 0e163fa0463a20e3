// SPDX-License-Identifier: MIT
#include "core/remote_wait.hpp"
#include <weir/resilience/detail/sharded_counts.hpp>
#include <weir/resilience/single_flight.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace weir::resilience::detail {

namespace {

using weir::detail::remote_wait;

// A waiting caller; in its flight's list until it is woken or leaves.
struct follower {
    std::shared_ptr<remote_wait> waits;
    time_point deadline;
    bool leads = false;
};

// A call and its waiting callers. Guarded by its shard's lock.
struct flight {
    std::list<std::shared_ptr<follower>> followers{};
    std::shared_ptr<const void> outcome{};
    bool listed = true;    // new callers join it
    bool repeated = false; // it was repeated although its leader may not have been at fault
};

struct key_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
};

struct alignas(64) flight_shard {
    std::mutex mutex{};
    std::unordered_map<std::string, std::shared_ptr<flight>, key_hash, std::equal_to<>> by_key{};

    // Removes the flight, if new callers would still join it.
    void unlist(flight& one, std::string_view key) noexcept {
        if (!std::exchange(one.listed, false)) return;
        by_key.erase(by_key.find(key));
    }
};

} // namespace

class flight_table {
public:
    enum counted : std::size_t { calls, runs, shared, handed_over };

    flight_shard& shard_of(std::string_view key) noexcept {
        const std::size_t hash = key_hash()(key);
        return shards_[(hash >> 32U ^ hash) % shards_.size()];
    }

    sharded_counts counts{};

private:
    std::array<flight_shard, 16> shards_{};
};

struct flight_seat::part {
    part(std::shared_ptr<flight_table> all, std::string_view name, context& caller)
        : table(std::move(all)), key(name), shard(table->shard_of(key)), ctx(caller) {}

    bool join();
    void leave() noexcept;
    void hand_over() noexcept;

    const std::shared_ptr<flight_table> table;
    const std::string key;
    flight_shard& shard;
    context& ctx;
    std::shared_ptr<flight> in{};
    std::shared_ptr<follower> me{}; // null for the first leader
    bool landed = false;
};

// Returns whether the caller leads. Allocates first, because a flight must have a leader.
bool flight_seat::part::join() {
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) {
        auto self = std::make_shared<follower>(follower{std::make_shared<remote_wait>(ctx.loop()), ctx.deadline()});
        found->second->followers.push_back(self);
        in = found->second;
        me = std::move(self);
        return false;
    }
    auto made = std::make_shared<flight>();
    shard.by_key.emplace(key, made);
    in = std::move(made);
    return true;
}

// Hands the flight to the follower with the latest deadline, or ends it if there is none. Requires the lock.
void flight_seat::part::hand_over() noexcept {
    auto& all = in->followers;
    const auto next = std::ranges::max_element(all, {}, [](const auto& one) { return one->deadline; });
    if (next == all.end()) return shard.unlist(*in, key);
    const auto leader = *next;
    all.erase(next);
    leader->leads = true;
    leader->waits->wake();
    table->counts.add(flight_table::handed_over);
}

void flight_seat::part::leave() noexcept {
    const std::lock_guard lock(shard.mutex);
    if (me) std::erase(in->followers, me);
    const bool led = (!me || me->leads) && !landed;
    if (led) hand_over();
}

flight_seat::flight_seat(std::shared_ptr<flight_table> table, std::string_view key, context& ctx)
    : part_(std::make_unique<part>(std::move(table), key, ctx)) {
    part_->table->counts.add(flight_table::calls);
    leads_ = part_->join();
    if (leads_) part_->table->counts.add(flight_table::runs);
}

flight_seat::~flight_seat() { part_->leave(); }

task<errc> flight_seat::wait() {
    switch (co_await part_->me->waits->until(part_->ctx.deadline())) {
    case remote_wait::ending::late:
        co_return errc::deadline_exceeded;
    case remote_wait::ending::cancelled:
        co_return errc::cancelled;
    case remote_wait::ending::woken:
        break;
    }
    const std::lock_guard lock(part_->shard.mutex);
    outcome_ = part_->in->outcome;
    leads_ = part_->me->leads;
    part_->table->counts.add(leads_ ? flight_table::runs : flight_table::shared);
    co_return errc::ok;
}

bool flight_seat::gave_up(const error& failed, bool cancelled) const noexcept {
    const context& ctx = part_->ctx;
    if (cancelled || ctx.deadline() <= ctx.loop().clock().now()) return true;
    // Either the call gave up because it couldn't meet the deadline, or it hit a shorter limit of its own.
    const bool by_deadline = failed == errc::deadline_exceeded && ctx.deadline() != time_point::max();
    if (!by_deadline && !(failed == errc::cancelled)) return false;
    const std::lock_guard lock(part_->shard.mutex);
    return !std::exchange(part_->in->repeated, true);
}

bool flight_seat::close() noexcept {
    const std::lock_guard lock(part_->shard.mutex);
    part_->shard.unlist(*part_->in, part_->key);
    part_->landed = part_->in->followers.empty();
    return !part_->landed;
}

void flight_seat::land(std::shared_ptr<const void> outcome) noexcept {
    const std::lock_guard lock(part_->shard.mutex);
    part_->landed = true;
    part_->in->outcome = std::move(outcome);
    for (const auto& one : part_->in->followers) one->waits->wake();
    part_->in->followers.clear();
}

std::shared_ptr<flight_table> new_flight_table() { return std::make_shared<flight_table>(); }

void forget(flight_table& table, std::string_view key) noexcept {
    flight_shard& shard = table.shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.by_key.find(key);
    if (found != shard.by_key.end()) shard.unlist(*found->second, key);
}

single_flight_stats stats_of(const flight_table& table) noexcept {
    single_flight_stats now;
    now.calls = table.counts.sum(flight_table::calls);
    now.runs = table.counts.sum(flight_table::runs);
    now.shared = table.counts.sum(flight_table::shared);
    now.handed_over = table.counts.sum(flight_table::handed_over);
    return now;
}

task<bool> is_cancelled() {
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    co_return state.cancelled() != boost::asio::cancellation_type::none;
}

} // namespace weir::resilience::detail
