// SPDX-License-Identifier: MIT
#include "amqp/link.hpp"

#include "mq/queue_names.hpp"

#include <algorithm>
#include <utility>

namespace weir::amqp {

namespace {

std::uint16_t prefetch_of(const consume_options& of) noexcept {
    const std::size_t wanted = of.prefetch > 0 ? of.prefetch : 2 * of.concurrency;
    return static_cast<std::uint16_t>(std::min<std::size_t>(wanted, 65'535));
}

} // namespace

void broker_delivery::settle(mq::settlement verdict) noexcept {
    how = verdict;
    const auto to = in->settled_; // this object may be gone after the call
    to->add(*this);
}

void settlements::add(broker_delivery& one) noexcept {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            first = all_.empty();
            all_.push_back(one);
        }
        if (closed_) {
            delete &one;
            return;
        }
    }
    if (first) wake();
}

weir::detail::intrusive_list<broker_delivery> settlements::take() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(all_, {});
}

void settlements::close() noexcept {
    weir::detail::intrusive_list<broker_delivery> left;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        left = std::exchange(all_, {});
    }
    while (broker_delivery* const one = left.pop_front()) delete one;
}

link::link(const queue_options& options, const consume_options& of, std::shared_ptr<settlements> to)
    : topic_(of.topic), group_(of.group), prefetch_(prefetch_of(of)),
      ready_((options.partitions + 1) * std::size_t{prefetch_}), settled_(std::move(to)),
      reader_(options.max_message_bytes) {}

task<result<void>> link::established() {
    const auto ended = co_await established_.receive();
    if (ended.error() != errc::unavailable) co_return ended.error();
    if (ended_.load(std::memory_order_acquire)) co_return mq::detail::closed_queue();
    co_return ok();
}

void link::close() noexcept {
    closing_.store(true, std::memory_order_release);
    settled_->wake();
}

queue_group_stats link::stats() const {
    queue_group_stats shown{.topic = topic_, .group = group_};
    shown.in_flight = unsettled_.load(std::memory_order_relaxed);
    shown.depth = on_broker_.load(std::memory_order_relaxed) + shown.in_flight;
    shown.dead_letters = dead_.load(std::memory_order_relaxed);
    return shown;
}

// Delivers a message unless another one of its key has to be handled first.
void link::offer(broker_delivery& one) {
    unsettled_.fetch_add(1, std::memory_order_relaxed);
    if (one.key().empty()) return deliver(one);
    lane& in = lanes_[one.key()];
    if (in.first) return in.waiting.push_back(&one);
    in.first = &one;
    deliver(one);
}

// There is room unless the broker sends more than was agreed.
void link::deliver(broker_delivery& one) {
    mq::claim delivered(one);
    if (ready_.try_send(std::move(delivered))) return;
    delivered.release();
    hold(one, system_clock().now() + std::chrono::milliseconds(10));
}

// Delivers the next message of the same key.
void link::advance(broker_delivery& one) {
    if (one.key().empty()) return;
    const auto at = lanes_.find(one.key());
    if (at == lanes_.end() || at->second.first != &one) return;
    if (at->second.waiting.empty()) {
        lanes_.erase(at);
        return;
    }
    at->second.first = at->second.waiting.front();
    at->second.waiting.pop_front();
    deliver(*at->second.first);
}

void link::drop(broker_delivery& one) {
    unsettled_.fetch_sub(1, std::memory_order_relaxed);
    advance(one);
    delete &one;
}

void link::hold(broker_delivery& one, time_point until) { held_.emplace(until, &one); }

void link::release_due(time_point now) {
    while (!held_.empty() && held_.begin()->first <= now) {
        broker_delivery& one = *held_.begin()->second;
        held_.erase(held_.begin());
        deliver(one);
    }
}

// Forgets all deliveries of the old channel but those with consumers, which keep their keys until they are settled: the
// broker delivers all of them again.
void link::reset() {
    channel_ = 0;
    ++epoch_;
    weir::detail::intrusive_list<broker_delivery> gone;
    for (auto& [key, one] : lanes_)
        for (broker_delivery* const waits : std::exchange(one.waiting, {})) gone.push_back(*waits);
    for (const auto& [at, one] : std::exchange(held_, {})) gone.push_back(*one);
    while (auto left = ready_.try_receive()) gone.push_back(static_cast<broker_delivery&>(*left->release()));
    while (broker_delivery* const one = gone.pop_front()) drop(*one);
}

} // namespace weir::amqp
