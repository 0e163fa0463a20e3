// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/redis/client.hpp>
#include <weir/redis/command.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::redis {

/// The keys of a script's call. Holds views: name the strings that it refers to.
template<std::size_t Count>
struct script_keys {
    std::array<std::string_view, Count> all{};
};

/// `redis::keys(from, to)`
template<class... Key>
script_keys<sizeof...(Key)> keys(const Key&... each) noexcept {
    return {{std::string_view(each)...}};
}

/// A Lua script, sent by its SHA-1 (EVALSHA), and whole (EVAL) to a server that doesn't have it yet. Immutable and
/// thread-safe. Scripts are atomic and block the server, so keep them short. In a cluster all keys must have one slot.
///
///     const redis::script take("return redis.call('DECRBY', KEYS[1], ARGV[1])");
///     auto left = co_await take.run<std::int64_t>(db, redis::keys(stock), 3);
class script {
public:
    explicit script(std::string source);

    /// Runs it with keys (KEYS) and arguments (ARGV) and converts its value.
    template<class T = reply, std::size_t Count, class... Args>
    task<result<T>> run(client& on, const script_keys<Count>& keys, const Args&... args) const {
        return run_on<T>(on.target(), call_of(keys, args...));
    }
    /// The same on a connection of its own.
    template<class T = reply, std::size_t Count, class... Args>
    task<result<T>> run(connection& on, const script_keys<Count>& keys, const Args&... args) const {
        return run_on<T>(on.target(), call_of(keys, args...));
    }
    /// For this folder's other types.
    template<class T = reply, std::size_t Count, class... Args>
    task<result<T>> run(const detail::shared_target& on, const script_keys<Count>& keys, const Args&... args) const {
        return run_on<T>(on, call_of(keys, args...));
    }

    /// A call by SHA-1, to be added to a pipeline or a transaction after `load`.
    template<std::size_t Count, class... Args>
    command call_of(const script_keys<Count>& keys, const Args&... args) const {
        return command("EVALSHA", text_->sha1, Count, keys.all, args...);
    }

    /// Makes a server remember the script (SCRIPT LOAD).
    task<result<void>> load(client& on) const { return on.command<void>("SCRIPT", "LOAD", text_->source); }

    /// 40 hexadecimal digits.
    const std::string& sha1() const noexcept { return text_->sha1; }
    const std::string& source() const noexcept { return text_->source; }

private:
    struct text {
        std::string source{};
        std::string sha1{};
    };

    template<class T>
    task<result<T>> run_on(detail::shared_target to, command hashed) const {
        return run_text<T>(std::move(to), std::move(hashed), text_);
    }

    template<class T>
    static task<result<T>> run_text(detail::shared_target to, command hashed, std::shared_ptr<const text> own) {
        command whole = hashed;
        auto first = co_await detail::perform<T>(to, std::move(hashed));
        if (first || first.error().code() != "noscript") co_return first;
        whole = whole.with_front(2, "EVAL", own->source);
        co_return co_await detail::perform<T>(to, std::move(whole));
    }

    std::shared_ptr<const text> text_; // shared with calls, which may outlive the script
};

} // namespace weir::redis
