// SPDX-License-Identifier: MIT
#pragma once

#include "support/redis_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/redis/client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redis_test {

using namespace weir;
using namespace std::chrono_literals;
using test_support::redis_server;

inline redis::client_options options_for(std::string url) {
    redis::client_options options;
    options.url = std::move(url);
    options.timeout = 10s; // the machine may be busy
    options.connect_wait = 10s;
    options.stall_timeout = 10s;
    return options;
}

/// A server, a loop and a client.
struct redis_fixture {
    redis_server server{};
    loop home{};
    redis::client db{options_for(server.url())};

    template<class T>
    T run(task<T> what) {
        return home.block_on(std::move(what));
    }
    template<class T = redis::reply, class... Args>
    result<T> ask(std::string_view name, const Args&... args) {
        return home.block_on(db.command<T>(name, args...));
    }
    /// Runs the loop until the condition holds, for at most a minute.
    void run_until(const std::function<bool()>& holds) { run_loop_until(home, holds); }

    static void run_loop_until(loop& on, const std::function<bool()>& holds) {
        const auto give_up_at = std::chrono::steady_clock::now() + 60s;
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < give_up_at);
            on.io().run_one_for(10ms);
            if (on.io().stopped()) on.io().restart();
        }
    }
};

/// A task that was started, and its outcome once it has ended.
template<class T>
class pending_call {
public:
    pending_call(loop& home, task<result<T>> work) : state_(std::make_shared<state>(home)) {
        home.spawn(keep(std::move(work), state_), state_->context, state_->cancel, [](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
        state_->context.keep_while_held(state_); // the task may end after this object
    }

    bool over() const { return state_->outcome.has_value(); }
    result<T>& outcome() { return *state_->outcome; }
    void cancel() { state_->cancel.emit(boost::asio::cancellation_type::total); }

private:
    struct state {
        explicit state(loop& home) : context(home) {}

        weir::context context;
        boost::asio::cancellation_signal cancel{};
        std::optional<result<T>> outcome{};
    };

    static task<void> keep(task<result<T>> work, std::shared_ptr<state> in) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        in->outcome.emplace(co_await std::move(work));
    }

    std::shared_ptr<state> state_;
};

} // namespace redis_test
