// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>
#include <weir/redis/command.hpp>
#include <weir/redis/detail/call.hpp>
#include <weir/redis/detail/perform.hpp>
#include <weir/redis/reply.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::redis {

/// Commands that are sent together and cost one round trip. They aren't atomic: others' commands may run in between,
/// and one that fails doesn't stop the next. In a cluster each goes to the node of its key, so their order is kept per
/// node only.
///
///     redis::pipeline both;
///     both.add("INCR", visits).add("GET", name);
///     auto [count, value] = co_await redis.run<std::int64_t, std::string>(both); // a result each
class pipeline {
public:
    template<class... Args>
    pipeline& add(std::string_view name, const Args&... args) {
        commands_.emplace_back(name, args...);
        return *this;
    }
    pipeline& add(command one) {
        commands_.push_back(std::move(one));
        return *this;
    }

    std::size_t size() const noexcept { return commands_.size(); }
    std::span<const command> commands() const noexcept { return commands_; }

private:
    std::vector<command> commands_;
};

/// Commands that run as one (MULTI, EXEC): no other command in between, and none at all if one can't be queued, which
/// is an error with the code `execabort`. A command that fails when it runs doesn't undo the others: its reply is an
/// error. In a cluster all keys must have one slot.
class transaction {
public:
    template<class... Args>
    transaction& add(std::string_view name, const Args&... args) {
        return add(command(name, args...));
    }
    transaction& add(const command& one);

    std::size_t size() const noexcept { return count_; }
    /// All bytes from MULTI to EXEC.
    std::string encoded() const;
    /// The first command's key.
    std::string_view key() const noexcept { return key_; }

private:
    std::string bytes_;
    std::string key_;
    std::size_t count_ = 0;
};

namespace detail {

// The reply of each command; the error of the first command without a reply.
task<result<std::vector<reply>>> run_pipeline(shared_target to, pipeline all);
// The replies of EXEC. errc::conflict with the code `watched_key_changed` if it did nothing for that reason.
task<result<std::vector<reply>>> run_transaction(shared_target to, transaction all);

error wrong_size(std::size_t commands, std::size_t types);

template<class... T>
task<std::tuple<result<T>...>> run_typed(shared_target to, pipeline all) {
    std::tuple<typed_call<T>...> calls;
    std::array<call*, sizeof...(T)> pointers =
        std::apply([](auto&... one) { return std::array<call*, sizeof...(T)>{&one...}; }, calls);
    const executor here = co_await this_task;
    if (all.size() == pointers.size()) {
        for (std::size_t i = 0; i < pointers.size(); ++i) prepare(*pointers[i], all.commands()[i]);
        calling wait(*to, here.context().loop(), pointers);
        co_await std::move(wait);
    } else {
        for (call* const one : pointers) one->failure = wrong_size(all.size(), pointers.size());
    }
    co_return std::apply([](auto&... one) { return std::tuple<result<T>...>(one.take()...); }, calls);
}

} // namespace detail

} // namespace weir::redis
