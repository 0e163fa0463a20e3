// SPDX-License-Identifier: MIT
#pragma once

#include "core/cancellation_relay.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>

namespace weir::http::detail {

class cut_scope;

/// Ends a call from outside: by its deadline or by cancellation. Each wait of the call registers, with a cut_scope, how
/// to interrupt it. Loop-local.
class client_interrupt {
public:
    client_interrupt() = default;
    client_interrupt(const client_interrupt&) = delete;
    client_interrupt& operator=(const client_interrupt&) = delete;

    /// Why the call must end; no error while it may continue.
    const error& reason() const noexcept { return reason_; }
    /// Interrupts the registered waits; only the first call has an effect.
    void raise(error why);

private:
    friend class cut_scope;

    error reason_;
    cut_scope* last_ = nullptr;
};

/// Registers, for its lifetime, how to interrupt a wait. `cut` is called at most once; immediately if the call must
/// already end.
class cut_scope {
public:
    cut_scope(client_interrupt& stop, std::function<void()> cut);
    ~cut_scope() { leave(); }
    cut_scope(const cut_scope&) = delete;
    cut_scope& operator=(const cut_scope&) = delete;

private:
    friend class client_interrupt;

    void leave() noexcept;

    client_interrupt* stop_ = nullptr; // null once unregistered
    std::function<void()> cut_;
    cut_scope* before_ = nullptr;
    cut_scope* after_ = nullptr;
};

/// Runs work to its end without passing cancellation into it. Instead, the deadline and the caller's cancellation raise
/// `stop`, and the work must then end soon.
task<void> run_interruptible(time_point deadline, client_interrupt& stop, task<void> work);

/// Runs two tasks concurrently to their ends; then rethrows the first exception.
task<void> run_both(task<void> first, task<void> second);

template<class T>
task<T> run_unless_stopped(const client_interrupt& stop, task<T> work) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    if (stop.reason()) co_return stop.reason(); // too early for the cancellation signal
    co_return co_await std::move(work);
}

/// Runs the caller's own code, which yields a result, within a call: `stop` cancels it.
template<class T>
task<T> run_cancellable(client_interrupt& stop, task<T> work) {
    const executor here = co_await this_task;
    boost::asio::cancellation_signal cancel;
    const cut_scope scope(stop, [&cancel] { cancel.emit(boost::asio::cancellation_type::total); });
    auto token =
        boost::asio::bind_cancellation_slot(weir::detail::relayed(cancel.slot(), here.context().loop()), use_task);
    auto running = boost::asio::co_spawn(here, run_unless_stopped(stop, std::move(work)), token);
    auto outcome = co_await std::move(running);
    co_return std::move(outcome);
}

} // namespace weir::http::detail
