// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/redis/command.hpp>
#include <weir/redis/detail/perform.hpp>
#include <weir/redis/pipeline.hpp>
#include <weir/redis/reply.hpp>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::redis {

/// A connection for one caller: what WATCH needs, and a command that blocks on the server. Belongs to the loop that
/// acquired it. The destructor returns it to the client, which closes it if it has state that another user would see:
/// a watched key, an unfinished MULTI, a command without a reply. It isn't reopened: after a loss its commands fail
/// with errc::unavailable.
///
///     auto own = co_await redis.acquire();
///     auto watched = co_await own->command<void>("WATCH", key);
///     ... read, decide ...
///     auto done = co_await own->run(changes); // errc::conflict if the key has changed
class connection {
public:
    explicit connection(detail::shared_target own) noexcept : own_(std::move(own)) {}
    connection(connection&&) noexcept = default;
    connection& operator=(connection&&) noexcept = default;
    ~connection() = default;

    template<class T = reply, class... Args>
    task<result<T>> command(std::string_view name, const Args&... args) {
        return send<T>(redis::command(name, args...));
    }
    template<class T = reply>
    task<result<T>> send(redis::command what) {
        return detail::perform<T>(own_, std::move(what));
    }
    task<result<std::vector<reply>>> run(pipeline all) { return detail::run_pipeline(own_, std::move(all)); }
    task<result<std::vector<reply>>> run(transaction all) { return detail::run_transaction(own_, std::move(all)); }

    /// Sends a command that waits on the server for at most `wait`. If the caller leaves, the connection is closed.
    template<class T = reply>
    task<result<T>> blocking(duration wait, redis::command what) {
        return detail::perform<T>(own_, std::move(what), detail::send_terms{wait});
    }

    /// For this folder's other types.
    const detail::shared_target& target() const noexcept { return own_; }

private:
    detail::shared_target own_; // returns the connection in its destructor
};

} // namespace weir::redis
