// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/redis/client_options.hpp>
#include <weir/redis/command.hpp>
#include <weir/redis/connection.hpp>
#include <weir/redis/detail/perform.hpp>
#include <weir/redis/pipeline.hpp>
#include <weir/redis/reply.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::redis {

/// A client of Redis, of a Sentinel group or of a cluster. Process-wide: each loop has its own connections, opened at
/// its first command, so no command changes threads. Commands of many tasks share a connection; those of one turn of
/// the loop leave in one write. A command waits for its reply up to `timeout` or the context's deadline.
///
/// Errors: see `error_of` for the server's; deadline_exceeded, cancelled; unavailable without a connection or when it
/// is lost; resource_exhausted beyond max_pending_bytes; too_large for a reply beyond max_reply. The code
/// `outcome_unknown` means that the server may have run the command. A lost command is never sent again.
class client {
public:
    explicit client(std::string url);
    explicit client(client_options options);
    /// Pending commands fail with errc::unavailable.
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Sends a command and converts its reply: see `decode` for T and `command` for arguments.
    ///
    ///     auto name = co_await redis.command<std::optional<std::string>>("GET", key);
    ///     auto user = co_await redis.command<user>("HGETALL", key); // a described struct
    template<class T = reply, class... Args>
    task<result<T>> command(std::string_view name, const Args&... args) {
        return send<T>(redis::command(name, args...));
    }
    template<class T = reply>
    task<result<T>> send(redis::command what) {
        return detail::perform<T>(target_, std::move(what));
    }

    /// Sends all commands of a pipeline at once; see pipeline.hpp.
    task<result<std::vector<reply>>> run(pipeline all) { return detail::run_pipeline(target_, std::move(all)); }
    template<class... T>
        requires(sizeof...(T) > 0)
    task<std::tuple<result<T>...>> run(pipeline all) { return detail::run_typed<T...>(target_, std::move(all)); }
    /// Runs a transaction (MULTI, EXEC) on a shared connection.
    task<result<std::vector<reply>>> run(transaction all) { return detail::run_transaction(target_, std::move(all)); }

    /// GET: nothing if there is no such key.
    template<class T = std::string>
    task<result<std::optional<T>>> get(std::string_view key) {
        return command<std::optional<T>>("GET", key);
    }
    /// SET, without an expiry.
    template<class T>
    task<result<void>> set(std::string_view key, const T& value) {
        return command<void>("SET", key, value);
    }
    /// SET with an expiry, rounded up to milliseconds and at least one; duration::max(): none.
    template<class T>
    task<result<void>> set(std::string_view key, const T& value, duration ttl) {
        return send<void>(detail::set_command(redis::command("SET", key, value), ttl));
    }
    /// SET NX: returns whether the key was missing.
    template<class T>
    task<result<bool>> set_if_missing(std::string_view key, const T& value, duration ttl = duration::max()) {
        return send<bool>(detail::set_command(redis::command("SET", key, value, "NX"), ttl));
    }
    /// SET XX: returns whether the key was there.
    template<class T>
    task<result<bool>> set_if_there(std::string_view key, const T& value, duration ttl = duration::max()) {
        return send<bool>(detail::set_command(redis::command("SET", key, value, "XX"), ttl));
    }
    /// DEL: returns whether the key was there.
    task<result<bool>> del(std::string_view key) { return command<bool>("DEL", key); }
    /// PEXPIRE: returns whether the key is there.
    task<result<bool>> expire(std::string_view key, duration ttl) {
        return command<bool>("PEXPIRE", key, detail::milliseconds(ttl));
    }
    /// INCRBY: returns the new value.
    task<result<std::int64_t>> incr(std::string_view key, std::int64_t by = 1) {
        return command<std::int64_t>("INCRBY", key, by);
    }
    /// HSET with the members of a described struct as fields; returns how many fields are new.
    template<reflect::described T>
    task<result<std::int64_t>> hset(std::string_view key, const T& row) {
        return command<std::int64_t>("HSET", key, row);
    }
    /// HGETALL: nothing if there is no such key.
    template<reflect::described T>
    task<result<std::optional<T>>> hgetall(std::string_view key) {
        return command<std::optional<T>>("HGETALL", key);
    }
    /// PING, for a readiness check.
    task<result<void>> ping() { return command<void>("PING"); }

    /// Takes a connection for one caller's use, for WATCH and blocking commands; in a cluster to the node of `key`.
    /// errc::resource_exhausted beyond `max_dedicated`.
    task<result<connection>> acquire(std::string_view key = {});
    /// Sends a command that waits on the server for at most `wait`, such as BLPOP or XREAD BLOCK, on a connection of
    /// its own. Its timeout is `wait` and `timeout` together. If the caller leaves, the connection is closed, which
    /// ends the wait on the server; an element that it has already taken is lost.
    template<class T = reply>
    task<result<T>> blocking(duration wait, redis::command what) {
        return detail::perform_blocking<T>(target_, wait, std::move(what));
    }

    /// Closes all connections; pending and later commands fail with errc::unavailable. Idempotent. Any thread; a loop
    /// closes its connections in its next turn.
    void close() noexcept;

    client_stats stats() const;
    const client_options& options() const noexcept;

    /// For this folder's other types.
    const std::shared_ptr<detail::client_core>& core() const noexcept { return core_; }
    const detail::shared_target& target() const noexcept { return target_; }

private:
    std::shared_ptr<detail::client_core> core_;
    std::shared_ptr<detail::call_target> target_; // core_
};

} // namespace weir::redis
