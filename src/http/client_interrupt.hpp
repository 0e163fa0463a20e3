// SPDX-License-Identifier: MIT
#pragma once

#include "core/cancellation_relay.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>
#include <optional>

namespace weir::http {

/// How a call is ended from outside: by its deadline or by cancellation. Whatever the call waits for
/// registers how that wait is cut short. Loop-local.
class client_interrupt {
public:
    /// Why the call has to end; no error while it may go on.
    const error& reason() const noexcept { return reason_; }

    void raise(error why) {
        if (reason_) return;
        reason_ = std::move(why);
        if (cut_) cut_();
    }

    /// `cut` is called at most once, at once when the call was already told to end.
    void on_raise(std::function<void()> cut) {
        cut_ = std::move(cut);
        if (reason_ && cut_) cut_();
    }

private:
    error reason_;
    std::function<void()> cut_;
};

/// Registers how a wait is cut short, until it goes.
class cut_scope {
public:
    cut_scope(client_interrupt& stop, std::function<void()> cut) : stop_(stop) { stop_.on_raise(std::move(cut)); }
    ~cut_scope() { stop_.on_raise({}); }
    cut_scope(const cut_scope&) = delete;
    cut_scope& operator=(const cut_scope&) = delete;

private:
    client_interrupt& stop_;
};

/// Runs work to its end without passing cancellation into it: the deadline and the caller's cancellation
/// raise `stop` instead, upon which the work has to end soon.
task<void> run_interruptible(time_point deadline, client_interrupt& stop, task<void> work);

namespace detail {

template<class T>
task<T> run_unless_stopped(const client_interrupt& stop, task<T> work) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    if (stop.reason()) co_return stop.reason(); // too early to hear of it otherwise
    co_return co_await std::move(work);
}

} // namespace detail

/// Runs the caller's own code, which yields a result, within a call: `stop` cancels it and does `cut` besides.
template<class T>
task<T> run_cancellable(client_interrupt& stop, std::function<void()> cut, task<T> work) {
    const executor here = co_await this_task;
    std::optional<T> outcome;
    {
        boost::asio::cancellation_signal cancel;
        const cut_scope scope(stop, [&] {
            cut();
            cancel.emit(boost::asio::cancellation_type::total);
        });
        auto token =
            boost::asio::bind_cancellation_slot(weir::detail::relayed(cancel.slot(), here.context().loop()), use_task);
        auto running = boost::asio::co_spawn(here, detail::run_unless_stopped(stop, std::move(work)), token);
        outcome = co_await std::move(running);
    }
    stop.on_raise(std::move(cut));
    co_return std::move(*outcome);
}

} // namespace weir::http
