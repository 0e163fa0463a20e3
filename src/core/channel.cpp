// SPDX-License-Identifier: MIT
#include <weir/core/channel.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>

namespace weir::detail {

namespace {

// Claimed tasks in the order in which to wake them.
class woken_list {
public:
    void add(parked_task& one) noexcept {
        (last_ ? last_->next_woken : first_) = &one;
        last_ = &one;
    }
    void wake_all() noexcept {
        while (first_) std::exchange(first_, first_->next_woken)->wake(); // may destroy the task
    }

private:
    parked_task* first_ = nullptr;
    parked_task* last_ = nullptr;
};

std::size_t count_waiting(const intrusive_list<channel_waiter>& all) noexcept {
    std::size_t count = 0;
    for (const channel_waiter* one = all.first(); one; one = all.next(*one))
        if (!one->task->claimed()) ++count;
    return count;
}

void wake(parked_task* woken) noexcept {
    if (woken) woken->wake();
}

// Spreads consecutive numbers evenly over the places (Knuth's multiplicative hash).
std::size_t place_of(std::uint32_t die, std::size_t places) noexcept {
    constexpr std::uint32_t golden = 2'654'435'769;
    return static_cast<std::size_t>(std::uint64_t{die * golden} * places >> 32);
}

bool attempt_locked(std::span<channel_operation* const> all, std::uint32_t die, parked_task*& woken) noexcept {
    const std::size_t first = place_of(die, all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[(first + i) % all.size()]->attempt_locked(woken)) return true;
    return false;
}

} // namespace

void spin_lock::wait() const noexcept {
    for (int look = 0; look < 64; ++look)
        if (!locked_.load(std::memory_order_relaxed)) return;
    std::this_thread::yield(); // its holder may need this processor
}

channel_waiter* channel_base::claim_first_of_many(waiters& of) noexcept {
    while (channel_waiter* const one = of.pop_front())
        if (one->task->claim(wake_cause::peer)) return one;
    return nullptr;
}

void channel_base::close() noexcept {
    woken_list woken;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        for (waiters* const all : {&receivers_, &senders_})
            while (channel_waiter* const one = claim_first(*all)) {
                *one->end = channel_end::closed;
                woken.add(*one->task);
            }
    }
    woken.wake_all();
}

channel_stats channel_base::stats() const {
    const std::lock_guard lock(mutex_);
    return {size_, capacity_, count_waiting(senders_), count_waiting(receivers_), closed_};
}

bool channel_operation::attempt_or_wait(parked_task& task, std::uint32_t) noexcept {
    parked_task* woken = nullptr;
    {
        const std::lock_guard lock(in_->mutex());
        if (!attempt_locked(woken)) {
            enqueue(task);
            return false;
        }
    }
    wake(woken);
    return true;
}

void channel_operation::wait_as(parked_task& task, void* place) noexcept {
    in_->waiting(receives_).push_back(waiter_.emplace(in_->shared_from_this(), task, place, end_));
}

void channel_operation::leave() noexcept {
    if (!waiter_) return;
    const std::lock_guard lock(in_->mutex());
    if (waiter_->linked()) in_->waiting(receives_).erase(*waiter_);
}

error end_error(channel_end how) {
    if (how == channel_end::cancelled) return errc::cancelled;
    if (how == channel_end::late) return errc::deadline_exceeded;
    return error(errc::unavailable, "the channel is closed").with_code("closed");
}

channel_locks::channel_locks(std::span<channel_base*> all) noexcept {
    std::ranges::sort(all, std::less<>());
    const auto last = std::unique(all.begin(), all.end());
    all_ = all.first(static_cast<std::size_t>(last - all.begin()));
    for (channel_base* const one : all_) one->mutex().lock();
}

channel_locks::~channel_locks() {
    for (channel_base* const one : all_) one->mutex().unlock();
}

bool attempt_any(std::span<channel_operation* const> all, std::uint32_t die) noexcept {
    const std::size_t first = place_of(die, all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        if (attempt(*all[(first + i) % all.size()])) return true;
    return false;
}

bool attempt_any_or_wait(std::span<channel_operation* const> all, std::span<channel_base*> channels, std::uint32_t die,
                         parked_task& task) noexcept {
    parked_task* woken = nullptr;
    {
        const channel_locks locks(channels);
        if (!attempt_locked(all, die, woken)) {
            for (channel_operation* const one : all) one->enqueue(task);
            return false;
        }
    }
    wake(woken);
    return true;
}

std::size_t checked_capacity(std::size_t capacity, std::size_t size_of_value) {
    const std::size_t most = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / size_of_value;
    if (capacity > most)
        throw std::invalid_argument(
            "channel capacity " + std::to_string(capacity) + ": accepted 0.." + std::to_string(most));
    return capacity;
}

} // namespace weir::detail
