// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/parked_task.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <boost/asio/async_result.hpp>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir {

struct channel_stats {
    std::size_t size = 0; ///< values that were sent and not yet received
    std::size_t capacity = 0;
    std::size_t waiting_senders = 0;
    std::size_t waiting_receivers = 0;
    bool closed = false;
};

namespace detail {

// How an operation on a channel ended.
enum class channel_end : std::uint8_t { none, done, closed, cancelled, late };

class channel_base;

// An operation in the list of those that wait at a channel, with the task that it belongs to.
struct channel_waiter : list_hook<channel_waiter> {
    channel_waiter(std::shared_ptr<channel_base> at, parked_task& waits, void* value, channel_end& how) noexcept
        : channel(std::move(at)), task(&waits), place(value), end(&how) {}

    std::shared_ptr<channel_base> channel; // stays for as long as one may have to leave it
    parked_task* task;
    void* place; // of the value: std::optional<T>* to receive into, T* to send from
    channel_end* end;
};

// Held for a few instructions; a thread that waits lets others run.
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

// What a channel is without the type of its values. Kept by the channel and by those that wait.
class channel_base : public std::enable_shared_from_this<channel_base> {
public:
    using waiters = intrusive_list<channel_waiter>;

    explicit channel_base(std::size_t capacity) noexcept : capacity_(capacity) {}
    channel_base(const channel_base&) = delete;
    channel_base& operator=(const channel_base&) = delete;

    void close() noexcept;
    channel_stats stats() const;

    spin_lock& mutex() noexcept { return mutex_; }
    // The rest needs the lock.
    waiters& waiting(bool receives) noexcept { return receives ? receivers_ : senders_; }

protected:
    ~channel_base() = default;

    // The first that still waits; its task is the caller's to wake.
    static channel_waiter* claim_first(waiters& of) noexcept { return of.empty() ? nullptr : claim_first_of_many(of); }

    bool closed_ = false;
    const std::size_t capacity_;
    std::size_t size_ = 0;
    std::size_t first_ = 0; // of the values
    waiters receivers_{};
    waiters senders_{};

private:
    static channel_waiter* claim_first_of_many(waiters& of) noexcept;

    mutable spin_lock mutex_{};
};

// The values of a channel. All but the destructor need the lock.
template<class T>
class channel_core final : public channel_base {
public:
    explicit channel_core(std::size_t capacity) : channel_base(capacity), room_(new room[capacity]) {}
    ~channel_core() {
        for (; size_ > 0; --size_) take_first();
    }

    // Whether the operation is over; `woken` is the task to wake afterwards, if any.
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

    // Leaves the count to the caller.
    T take_first() noexcept {
        T& first = room_[first_].value;
        T taken(std::move(first));
        first.~T();
        if (++first_ == capacity_) first_ = 0;
        return taken;
    }

    const std::unique_ptr<room[]> room_;
};

// What Asio's tasks take for an operation of their own; channel_awaiter is what they do with it.
struct awaited_operation {
    boost::asio::detail::async_operation_probe_result operator()(boost::asio::detail::async_operation_probe) &&;
    boost::asio::detail::completion_signature_probe_result<void()>
    operator()(boost::asio::detail::completion_signature_probe) &&;
};

// A send or a receive. It begins when it is awaited.
class channel_operation {
public:
    channel_operation(const channel_operation&) = delete;
    channel_operation& operator=(const channel_operation&) = delete;

    channel_base& in() const noexcept { return *in_; }
    bool over() const noexcept { return end_ != channel_end::none; }
    void end_with(channel_end how) noexcept { end_ = how; }

    // With the channel locked; whether it is over. `woken` is the task to wake afterwards, if any.
    virtual bool attempt_locked(parked_task*& woken) noexcept = 0;
    virtual void enqueue(parked_task& task) noexcept = 0;

    bool attempt_or_wait(parked_task& task, std::uint32_t) noexcept;
    // No longer waits, in case that it did.
    void leave() noexcept;

protected:
    channel_operation(channel_base& in, bool receives) noexcept : in_(&in), receives_(receives) {}
    channel_operation(channel_operation&& other) noexcept : in_(other.in_), receives_(other.receives_) {}
    ~channel_operation() = default;

    void wait_as(parked_task& task, void* place) noexcept;

    channel_base* in_;
    channel_end end_ = channel_end::none;

private:
    const bool receives_;
    std::optional<channel_waiter> waiter_{};
};

// Inlined into the awaiter, of which a program has one for each type of value: a call would be a sixth of the whole.
template<class Op>
[[gnu::always_inline]] inline bool attempt(Op& one) noexcept {
    parked_task* woken = nullptr;
    {
        const std::lock_guard lock(one.in().mutex());
        one.attempt_locked(woken);
    }
    if (woken) woken->wake();
    return one.over();
}

error end_error(channel_end how);

// The locks of some channels, taken in an order that is the same for all.
class channel_locks {
public:
    explicit channel_locks(std::span<channel_base*> all) noexcept;
    channel_locks(const channel_locks&) = delete;
    channel_locks& operator=(const channel_locks&) = delete;
    ~channel_locks();

private:
    std::span<channel_base*> all_;
};

// Begins with the one that the die says; whether one is over.
bool attempt_any(std::span<channel_operation* const> all, std::uint32_t die) noexcept;
// The same, and otherwise the task waits for all of them.
bool attempt_any_or_wait(std::span<channel_operation* const> all, std::span<channel_base*> channels, std::uint32_t die,
                         parked_task& task) noexcept;

// What co_await does with an operation. Asio's own awaiter would suspend the task where there is nothing to wait for.
template<class Op>
class channel_awaiter {
public:
    channel_awaiter(Op&& op, task_frame* frame) noexcept : op_(op), frame_(*frame) {}
    channel_awaiter(const channel_awaiter&) = delete;
    channel_awaiter& operator=(const channel_awaiter&) = delete;
    ~channel_awaiter() {
        if (task_) op_.leave();
    }

    bool await_ready() noexcept {
        const executor here = executor_of(frame_);
        weir::loop& home = here.context().loop();
        const bool yields = home.budget().spent();
        if (yields) home.refresh();
        if (refuse(here.context())) return true;
        return op_.attempt(home.budget().count()) && !yields;
    }

    bool await_suspend(std::coroutine_handle<>) {
        task_.emplace(frame_);
        if (op_.over()) {
            task_->yield();
            return true;
        }
        task_->arm();
        if (op_.attempt_or_wait(*task_, task_->die())) {
            task_->disarm();
            return false;
        }
        task_->park();
        return true;
    }

    auto await_resume() {
        if (task_) go_on();
        return op_.outcome();
    }

private:
    bool refuse(const context& ctx) noexcept {
        if (cancellation_of(frame_).cancelled() != boost::asio::cancellation_type::none)
            op_.end_with(channel_end::cancelled);
        else if (ctx.deadline() <= ctx.loop().now())
            op_.end_with(channel_end::late);
        return op_.over();
    }

    void go_on() noexcept {
        op_.leave();
        if (task_->cause() == wake_cause::cancellation) op_.end_with(channel_end::cancelled);
        if (task_->cause() == wake_cause::deadline) op_.end_with(channel_end::late);
        task_.reset();
    }

    Op& op_;
    task_frame& frame_;
    std::optional<parked_task> task_{};
};

template<class T>
class send_operation final : public channel_operation, public awaited_operation {
public:
    using value = void;

    send_operation(channel_core<T>& to, T&& sent) noexcept : channel_operation(to, false), sent_(std::move(sent)) {}
    send_operation(channel_core<T>& to, const T& sent) : channel_operation(to, false), sent_(sent) {}
    send_operation(send_operation&&) noexcept = default;

    // Where a task is asked for.
    operator task<result<void>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool attempt(std::uint32_t) noexcept { return detail::attempt(*this); }
    bool attempt_locked(parked_task*& woken) noexcept override {
        end_ = static_cast<channel_core<T>*>(in_)->send(sent_, woken);
        return over();
    }
    void enqueue(parked_task& task) noexcept override { wait_as(task, &sent_); }

    result<void> outcome() {
        if (end_ != channel_end::done) return end_error(end_);
        return ok();
    }

private:
    static task<result<void>> as_task(send_operation one) { co_return co_await std::move(one); }

    T sent_;
};

template<class T>
class receive_operation final : public channel_operation, public awaited_operation {
public:
    using value = T;

    explicit receive_operation(channel_core<T>& from) noexcept : channel_operation(from, true) {}
    receive_operation(receive_operation&&) noexcept = default;

    // Where a task is asked for.
    operator task<result<T>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool attempt(std::uint32_t) noexcept { return detail::attempt(*this); }
    bool attempt_locked(parked_task*& woken) noexcept override {
        end_ = static_cast<channel_core<T>*>(in_)->receive(received_, woken);
        return over();
    }
    void enqueue(parked_task& task) noexcept override { wait_as(task, &received_); }

    result<T> outcome() {
        if (end_ != channel_end::done) return result<T>(boost::system::in_place_error, end_error(end_));
        return result<T>(boost::system::in_place_value, std::move(*received_));
    }

private:
    static task<result<T>> as_task(receive_operation one) { co_return co_await std::move(one); }

    std::optional<T> received_{};
};

template<class... Ops>
class select_operation final : public awaited_operation {
public:
    using value = std::variant<result<typename Ops::value>...>;

    explicit select_operation(Ops&&... all) noexcept : all_(std::move(all)...) {}
    select_operation(select_operation&&) noexcept = default;

    // Where a task is asked for.
    operator task<result<value>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool over() const noexcept { return end_ != channel_end::none || winner() < sizeof...(Ops); }
    void end_with(channel_end how) noexcept { end_ = how; }
    bool attempt(std::uint32_t die) noexcept { return attempt_any(pointers(), die); }
    bool attempt_or_wait(parked_task& task, std::uint32_t die) noexcept {
        auto channels = std::apply([](auto&... one) { return std::array{&one.in()...}; }, all_);
        return attempt_any_or_wait(pointers(), channels, die, task);
    }
    void leave() noexcept {
        for (channel_operation* const one : pointers()) one->leave();
    }

    result<value> outcome() {
        if (end_ != channel_end::none) return result<value>(boost::system::in_place_error, end_error(end_));
        return outcome_of(winner());
    }

private:
    static task<result<value>> as_task(select_operation one) { co_return co_await std::move(one); }

    auto pointers() noexcept {
        return std::apply([](auto&... one) { return std::array<channel_operation*, sizeof...(Ops)>{&one...}; }, all_);
    }

    // The number of the one that is over; as many as there are where none is.
    std::size_t winner() const noexcept {
        std::size_t at = 0;
        std::apply([&at](auto&... one) { ((one.over() || (++at, false)) || ...); }, all_);
        return at;
    }

    template<std::size_t I = 0>
    result<value> outcome_of(std::size_t at) {
        if constexpr (I + 1 < sizeof...(Ops))
            if (at != I) return outcome_of<I + 1>(at);
        return result<value>(boost::system::in_place_value, std::in_place_index<I>, std::get<I>(all_).outcome());
    }

    std::tuple<Ops...> all_;
    channel_end end_ = channel_end::none;
};

std::size_t checked_capacity(std::size_t capacity, std::size_t size_of_value);

} // namespace detail

/// Hands values from tasks to tasks in the order they were sent, as Go's channels do: up to `capacity` wait to be
/// received, and a sender beyond that waits. With capacity 0 each sender waits for a receiver. The longest waiter comes
/// first. Process-wide: any loop and any thread may use it. T moves without throwing, and doesn't use the channel then.
///
///     while (auto job = co_await jobs.receive()) co_await results.send(*job * 2); // until jobs is closed and empty
template<class T>
class channel {
public:
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a channel's values are moved under its lock: their move constructor and destructor are noexcept");

    /// Memory for `capacity` values is had now. Throws std::invalid_argument where no memory could hold them.
    explicit channel(std::size_t capacity = 0)
        : core_(std::make_shared<detail::channel_core<T>>(detail::checked_capacity(capacity, sizeof(T)))) {}
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    /// Closes it. No operation begins any more; those that wait end as closed ones do.
    ~channel() { core_->close(); }

    /// `co_await`s to `result<void>`, at once where there is room or a receiver waits. errc::unavailable with the code
    /// `closed`, errc::cancelled, or errc::deadline_exceeded at the context's deadline: the value is destroyed then.
    /// A task that never has to wait lets its loop's others run at each 512th operation.
    [[nodiscard]] detail::send_operation<T> send(T&& value) { return {*core_, std::move(value)}; }
    [[nodiscard]] detail::send_operation<T> send(const T& value) { return {*core_, value}; }

    /// `co_await`s to `result<T>`, at once where a value is there or a sender waits. Errors as `send` has them; a
    /// closed channel yields the values that it has first. A value is either received or stays; cancellation loses
    /// none.
    [[nodiscard]] detail::receive_operation<T> receive() { return detail::receive_operation<T>(*core_); }

    /// Sends if that needs no wait; otherwise, or when the channel is closed, the value stays as it is. Any thread.
    [[nodiscard]] bool try_send(T&& value) { return attempt_send(value); }
    [[nodiscard]] bool try_send(const T& value) {
        T copy(value);
        return attempt_send(copy);
    }

    /// Receives if that needs no wait. Any thread.
    [[nodiscard]] std::optional<T> try_receive() {
        std::optional<T> value;
        detail::parked_task* woken = nullptr;
        {
            const std::lock_guard lock(core_->mutex());
            core_->receive(value, woken);
        }
        if (woken) woken->wake();
        return value;
    }

    /// From now on nothing is sent: senders that wait get errc::unavailable with the code `closed`, and so do receivers
    /// that find nothing more. Idempotent. Any thread.
    void close() noexcept { core_->close(); }

    channel_stats stats() const { return core_->stats(); }

private:
    bool attempt_send(T& value) noexcept {
        detail::parked_task* woken = nullptr;
        auto end = detail::channel_end::none;
        {
            const std::lock_guard lock(core_->mutex());
            end = core_->send(value, woken);
        }
        if (woken) woken->wake();
        return end == detail::channel_end::done;
    }

    const std::shared_ptr<detail::channel_core<T>> core_;
};

/// Does the first of several sends and receives that can be done; which, and how it ended, is the variant's index and
/// value. Where several can be done at once, each is as likely. A closed channel counts as one that can. What wasn't
/// chosen has neither received nor sent anything. errc::cancelled and errc::deadline_exceeded as `receive` has them.
///
///     auto first = co_await weir::select(jobs.receive(), quit.receive());
///     if (!first || first->index() == 1) co_return;
///     auto& job = std::get<0>(*first); // a result<T>
template<class... Ops>
    requires(sizeof...(Ops) > 0 && (std::is_base_of_v<detail::channel_operation, Ops> && ...))
[[nodiscard]] detail::select_operation<Ops...> select(Ops&&... all) {
    return detail::select_operation<Ops...>(std::move(all)...);
}

} // namespace weir

namespace boost::asio::detail {

// Asio's tasks make one of these of each operation that they await.
template<class Op>
    requires std::is_base_of_v<weir::detail::awaited_operation, Op>
class awaitable_async_op<void(), Op, weir::executor> : public weir::detail::channel_awaiter<Op> {
public:
    using weir::detail::channel_awaiter<Op>::channel_awaiter;
};

} // namespace boost::asio::detail
