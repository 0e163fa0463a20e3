// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/parked_task.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace weir {

struct channel_stats;

namespace detail {

// How an operation on a channel ended.
enum class channel_end : std::uint8_t { none, done, closed, cancelled, late };

class channel_base;

// An operation waiting at a channel, and the task it belongs to.
struct channel_waiter : list_hook<channel_waiter> {
    channel_waiter(std::shared_ptr<channel_base> at, parked_task& waits, void* value, channel_end& how) noexcept
        : channel(std::move(at)), task(&waits), place(value), end(&how) {}

    std::shared_ptr<channel_base> channel; // keeps the channel alive until the operation has left it
    parked_task* task;
    void* place; // points to the value: std::optional<T>* for a receive, T* for a send
    channel_end* end;
};

// Held for a few instructions only; a waiting thread yields.
class spin_lock {
public:
    void lock() noexcept {
        while (locked_.exchange(true, std::memory_order_acquire)) wait();
    }
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
    void wait() const noexcept;

    std::atomic<bool> locked_{false};
};

// The part of a channel that doesn't depend on the type of its values. Shared by the channel and its waiting
// operations.
class channel_base : public std::enable_shared_from_this<channel_base> {
public:
    using waiters = intrusive_list<channel_waiter>;

    explicit channel_base(std::size_t capacity) noexcept : capacity_(capacity) {}
    channel_base(const channel_base&) = delete;
    channel_base& operator=(const channel_base&) = delete;

    void close() noexcept;
    channel_stats stats() const;

    spin_lock& mutex() noexcept { return mutex_; }
    // The members below require the lock.
    waiters& waiting(bool receives) noexcept { return receives ? receivers_ : senders_; }

protected:
    ~channel_base() = default;

    // Claims the first operation that still waits, or returns null. The caller must wake its task.
    static channel_waiter* claim_first(waiters& of) noexcept { return of.empty() ? nullptr : claim_first_of_many(of); }

    bool closed_ = false;
    const std::size_t capacity_;
    std::size_t size_ = 0;
    std::size_t first_ = 0; // index of the oldest value
    waiters receivers_{};
    waiters senders_{};

private:
    static channel_waiter* claim_first_of_many(waiters& of) noexcept;

    mutable spin_lock mutex_{};
};

// The values of a channel. Everything but the destructor requires the lock.
template<class T>
class channel_core final : public channel_base {
public:
    explicit channel_core(std::size_t capacity) : channel_base(capacity), room_(new room[capacity]) {}
    ~channel_core() {
        for (; size_ > 0; --size_) take_first();
    }

    // Returns `none` if the operation has to wait. Sets `woken` to a task that the caller must wake, if any.
    channel_end send(T& value, parked_task*& woken) noexcept {
        if (closed_) return channel_end::closed;
        if (channel_waiter* const to = claim_first(receivers_)) {
            static_cast<std::optional<T>*>(to->place)->emplace(std::move(value));
            return settle(*to, woken);
        }
        if (size_ == capacity_) return channel_end::none;
        push(value);
        return channel_end::done;
    }

    channel_end receive(std::optional<T>& into, parked_task*& woken) noexcept {
        if (size_ > 0) {
            into.emplace(take_first());
            --size_;
            if (channel_waiter* const from = claim_first(senders_)) {
                push(*static_cast<T*>(from->place));
                return settle(*from, woken);
            }
            return channel_end::done;
        }
        if (channel_waiter* const from = claim_first(senders_)) {
            into.emplace(std::move(*static_cast<T*>(from->place)));
            return settle(*from, woken);
        }
        return closed_ ? channel_end::closed : channel_end::none;
    }

private:
    union room {
        room() noexcept {}
        ~room() {}
        T value;
    };

    static channel_end settle(channel_waiter& other, parked_task*& woken) noexcept {
        woken = other.task;
        return *other.end = channel_end::done;
    }

    void push(T& value) noexcept {
        std::size_t at = first_ + size_++;
        if (at >= capacity_) at -= capacity_;
        new (&room_[at].value) T(std::move(value));
    }

    // Doesn't change size_; the caller does.
    T take_first() noexcept {
        T& first = room_[first_].value;
        T taken(std::move(first));
        first.~T();
        if (++first_ == capacity_) first_ = 0;
        return taken;
    }

    const std::unique_ptr<room[]> room_;
};

std::size_t checked_capacity(std::size_t capacity, std::size_t size_of_value);

} // namespace detail

} // namespace weir
