// SPDX-License-Identifier: MIT
#include "mq/memory_group.hpp"

#include <algorithm>
#include <utility>

namespace weir::mq::detail {

memory_entry::memory_entry(memory_group& of, std::shared_ptr<stored_message> stored)
    : unsettled(std::shared_ptr<const weir::message>(stored, &stored->content)), in(of), message(std::move(stored)) {}

memory_entry::~memory_entry() { in.leave_lane(*this); }

void memory_entry::settle(settlement how) noexcept { in.settle(*this, how); }

memory_group::memory_group(std::mutex& topic_lock, const weir::clock& time, std::string topic, std::string group,
                           memory_limits limits)
    : mutex_(topic_lock), time_(time), topic_(std::move(topic)), group_(std::move(group)), limits_(limits),
      ready_(limits.max_messages) {}

memory_group::~memory_group() {
    while (auto left = ready_.try_receive()) left->release();
    delayed_.clear();
    for (entries* const all : {&live_, &dead_})
        while (memory_entry* const one = all->pop_front()) delete one;
}

std::unique_ptr<memory_entry> memory_group::prepare(const std::shared_ptr<stored_message>& stored) {
    auto made = std::make_unique<memory_entry>(*this, stored);
    const std::string& key = stored->content.key;
    if (key.empty()) return made;
    made->lane = &lanes_[key];
    ++made->lane->members;
    return made;
}

void memory_group::enter(std::unique_ptr<memory_entry> one) noexcept {
    memory_entry& entered = *one.release();
    ++entered.message->groups;
    ++live_count_;
    live_.push_back(entered);
    if (const duration delay = entered.message->content.delay; delay > duration::zero())
        postpone(entered, delay);
    else
        join(entered);
}

// Delivers a message unless another one of its key has to be handled first.
void memory_group::join(memory_entry& one) noexcept {
    if (!one.lane) return deliver(one);
    memory_entry* const before = std::exchange(one.lane->last, &one);
    if (before) {
        before->behind = &one;
        return;
    }
    one.leads = true;
    deliver(one);
}

void memory_group::deliver(memory_entry& one) noexcept {
    claim delivered(one);
    if (!closed_ && ready_.try_send(std::move(delivered)))
        ++claimed_;
    else
        delivered.release();
}

void memory_group::postpone(memory_entry& one, duration by) noexcept {
    one.due = weir::detail::later(time_.now(), by);
    const auto at = delayed_.insert(one);
    if (at != delayed_.begin()) return;
    for (const poke_channel& clock : clocks_) (void)clock->try_send({});
}

time_point memory_group::release_due(time_point now) noexcept {
    while (!delayed_.empty()) {
        memory_entry& first = *delayed_.begin();
        if (first.due > now) return first.due;
        delayed_.erase(delayed_.begin());
        if (first.leads)
            deliver(first);
        else
            join(first);
    }
    return time_point::max();
}

void memory_group::add_clock(const poke_channel& of) { clocks_.push_back(of); }

void memory_group::remove_clock(const poke_channel& of) noexcept { std::erase(clocks_, of); }

void memory_group::settle(memory_entry& one, settlement how) noexcept {
    const std::lock_guard lock(mutex_);
    --claimed_;
    switch (how.how) {
    case verdict::done:
        return remove(one);
    case verdict::dead:
        return bury(one);
    case verdict::retry:
        ++one.delivered.attempt;
        one.delivered.redelivered = true;
        return postpone(one, how.delay);
    case verdict::returned:
        one.delivered.redelivered = true;
        return deliver(one);
    }
}

// Delivers the next message of the same key.
void memory_group::advance_lane(memory_entry& one) noexcept {
    if (!std::exchange(one.leads, false)) return;
    memory_entry* const next = std::exchange(one.behind, nullptr);
    if (!next) {
        one.lane->last = nullptr;
        return;
    }
    next->leads = true;
    deliver(*next);
}

void memory_group::leave_lane(memory_entry& one) noexcept {
    memory_lane* const in = std::exchange(one.lane, nullptr);
    if (in && --in->members == 0) lanes_.erase(lanes_.find(std::string_view(one.message->content.key)));
}

// Takes a handled message out of the list of live ones.
void memory_group::end_life(memory_entry& one) noexcept {
    advance_lane(one);
    leave_lane(one);
    live_.erase(one);
    --live_count_;
    if (--one.message->groups == 0) one.message->room.reset();
}

void memory_group::remove(memory_entry& one) noexcept {
    end_life(one);
    delete &one;
}

void memory_group::bury(memory_entry& one) noexcept {
    end_life(one);
    one.died = time_.wall_now();
    dead_.push_back(one);
    ++dead_count_;
    dead_bytes_ += one.message->content.size();
    while (dead_count_ > limits_.max_dead || dead_bytes_ > limits_.max_dead_bytes) {
        ++dead_dropped_;
        delete_dead(*dead_.first());
    }
}

void memory_group::take_dead(memory_entry& one) noexcept {
    dead_.erase(one);
    --dead_count_;
    dead_bytes_ -= one.message->content.size();
}

void memory_group::delete_dead(memory_entry& one) noexcept {
    take_dead(one);
    delete &one;
}

std::vector<dead_letter> memory_group::dead_letters(std::size_t most) const {
    std::vector<dead_letter> all;
    for (memory_entry* one = dead_.first(); one && all.size() < most; one = entries::next(*one))
        all.push_back({one->delivered, one->died});
    return all;
}

// A dead letter becomes a new entry, because it needs room and a place in the order of its key.
std::size_t memory_group::requeue_dead(std::string_view id, const std::shared_ptr<room_line>& room) {
    std::size_t count = 0;
    for (memory_entry* one = dead_.first(); one;) {
        memory_entry& dead = *std::exchange(one, entries::next(*one));
        if (!id.empty() && dead.message->content.id != id) continue;
        auto taken = room->try_take(dead.message->content.size());
        if (!taken) break;
        message again = dead.message->content;
        again.delay = duration::zero();
        enter(prepare(std::make_shared<stored_message>(std::move(again), std::move(*taken), time_.now())));
        delete_dead(dead);
        ++count;
    }
    return count;
}

std::size_t memory_group::discard_dead(std::string_view id) noexcept {
    std::size_t count = 0;
    for (memory_entry* one = dead_.first(); one;) {
        memory_entry& dead = *std::exchange(one, entries::next(*one));
        if (!id.empty() && dead.message->content.id != id) continue;
        delete_dead(dead);
        ++count;
    }
    return count;
}

void memory_group::close() noexcept {
    closed_ = true;
    ready_.close();
    for (const poke_channel& clock : clocks_) clock->close();
}

queue_group_stats memory_group::stats() const {
    queue_group_stats shown{.topic = topic_, .group = group_};
    shown.depth = live_count_;
    shown.delayed = delayed_.size();
    shown.in_flight = claimed_ - std::min(claimed_, ready_.stats().size);
    shown.dead_letters = dead_count_;
    if (const memory_entry* const first = live_.first()) shown.oldest = time_.now() - first->message->published;
    return shown;
}

} // namespace weir::mq::detail
