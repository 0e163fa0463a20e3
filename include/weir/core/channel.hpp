// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/detail/channel_core.hpp>
#include <weir/core/detail/channel_operation.hpp>
#include <weir/core/detail/channel_select.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

struct channel_stats {
    std::size_t size = 0; ///< values sent and not yet received
    std::size_t capacity = 0;
    std::size_t waiting_senders = 0;
    std::size_t waiting_receivers = 0;
    bool closed = false;
};

/// Passes values between tasks in the order they were sent, like a Go channel. It buffers up to `capacity` values, and
/// further senders wait; with capacity 0 each sender waits for a receiver. Waiting tasks are served first come, first
/// served. Process-wide: any loop and any thread may use it. T's move constructor must not throw and must not use the
/// channel.
///
///     while (auto job = co_await jobs.receive()) co_await results.send(*job * 2); // until jobs is closed and empty
template<class T>
class channel {
public:
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a channel's values are moved under its lock: their move constructor and destructor are noexcept");

    /// Allocates memory for `capacity` values. Throws std::invalid_argument if that size overflows.
    explicit channel(std::size_t capacity = 0)
        : core_(std::make_shared<detail::channel_core<T>>(detail::checked_capacity(capacity, sizeof(T)))) {}
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    /// Closes the channel. No operation may begin any more; waiting ones end as after `close()`.
    ~channel() { core_->close(); }

    /// `co_await`s to `result<void>`, at once if there is room or a receiver waits. Errors: errc::unavailable with the
    /// code `closed`, errc::cancelled, errc::deadline_exceeded at the context's deadline; the value is then destroyed.
    /// A task that never has to wait yields to the loop's other tasks at every 512th operation.
    [[nodiscard]] detail::send_operation<T> send(T&& value) { return {*core_, std::move(value)}; }
    [[nodiscard]] detail::send_operation<T> send(const T& value) { return {*core_, value}; }

    /// `co_await`s to `result<T>`, at once if there is a value or a sender waits. Errors are those of `send`; a closed
    /// channel first yields its remaining values. Cancellation loses no value: it is either received or stays in the
    /// channel.
    [[nodiscard]] detail::receive_operation<T> receive() { return detail::receive_operation<T>(*core_); }

    /// Sends if no wait is needed. Otherwise, or if the channel is closed, returns false and leaves the value
    /// unchanged. Any thread.
    [[nodiscard]] bool try_send(T&& value) { return attempt_send(value); }
    [[nodiscard]] bool try_send(const T& value) {
        T copy(value);
        return attempt_send(copy);
    }

    /// Receives if no wait is needed. Any thread.
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

    /// Closes the channel: waiting senders get errc::unavailable with the code `closed`, and so do receivers once no
    /// values are left. Idempotent. Any thread.
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

/// Performs the first of several sends and receives that is possible; the variant's index is the operation, its value
/// the outcome. If several are possible, one is chosen at random with equal probability. An operation on a closed
/// channel counts as possible. The others neither receive nor send anything. errc::cancelled and
/// errc::deadline_exceeded as for `receive`.
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
