// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/detail/channel_operation.hpp>
#include <weir/core/error.hpp>
#include <weir/core/intrusive_list.hpp>
#include <weir/core/result.hpp>
#include <weir/redis/decode.hpp>
#include <weir/redis/reply.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace weir::redis {

class command;

} // namespace weir::redis

namespace weir::redis::detail {

class call;
class link;
struct client_core;

// What a task waits for: the ends of one or more calls.
struct call_group {
    weir::detail::parked_task* task = nullptr;
    std::size_t left = 0;
};

// A command on its way: the bytes to send, and the place of its replies in the frame of the task that waits for it. It
// belongs to a loop and leaves its connection when it is destroyed, so that a later reply reaches no one.
class call : public weir::detail::list_hook<call> {
public:
    call() noexcept = default;
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    virtual ~call();

    // Takes a reply, an error reply too. May throw, which ends the call with that error.
    virtual void accept(reply_view one) = 0;

    // Whether replies still have a receiver: false once a deadline or a cancellation has ended the task's wait.
    bool wanted() const noexcept { return !group || !group->task->claimed(); }
    // Ends the call: after its last reply, or with a failure. It has left its connection.
    void finish() noexcept;
    void fail(error why) noexcept;

    std::string_view bytes{};      // the command, or several that no other command may separate
    std::uint32_t replies = 1;     // that the server sends for them
    const command* from = nullptr; // decides the node of a cluster; null: `key` does
    std::string_view key{};        // empty: any node
    int node = -1;                 // the number of the cluster's node, if not the key decides
    duration patience{};           // added to the timeouts, for a command that waits on the server
    call_group* group = nullptr;
    error failure{};
    bool ended = false;
    bool reached_server = false; // whether the server may have got it when its task stopped waiting

    // Kept by the connection.
    enum class place : std::uint8_t { none, queued, sent };
    place at = place::none;
    link* on = nullptr;
    std::uint64_t ticket = 0; // of its slot, once sent
    time_point begun{};
    time_point deadline = time_point::max();
    time_point connect_by = time_point::max();
    time_point not_before{}; // before a repetition
    std::uint8_t moves = 0;  // redirections and repetitions so far
    bool asking = false;     // a cluster's node accepts it only after ASKING

protected:
    // Called at the end. The default wakes the task if this was the last call that it waits for.
    virtual void done() noexcept;
};

// A call with one reply of a type.
template<class T>
class typed_call final : public call {
public:
    void accept(reply_view one) override {
        if (one.kind() == reply_kind::error)
            failure = error_of(one.text());
        else
            failure = decode_any(one, value_);
    }

    result<T> take() {
        if (failure) return result<T>(boost::system::in_place_error, std::move(failure));
        return result<T>(boost::system::in_place_value, std::move(value_));
    }

private:
    T value_{};
};

// The reply matters only if it is an error.
template<>
class typed_call<void> final : public call {
public:
    void accept(reply_view one) override {
        if (one.kind() == reply_kind::error) failure = error_of(one.text());
    }

    result<void> take() {
        if (failure) return std::move(failure);
        return ok();
    }
};

// Where calls are sent: the client's shared connections, or one connection of its own.
class call_target {
public:
    virtual ~call_target() = default;
    // Takes a call on; ends it at once, by `done`, if it can't. Loop thread.
    virtual void submit(call& one, loop& home) noexcept = 0;
};

// Sends calls and waits until each has ended. Cancellation and the context's deadline end the wait.
class calling final : public weir::detail::awaited_operation {
public:
    using value = void;

    calling(call_target& to, loop& home, std::span<call* const> all) noexcept : to_(&to), home_(&home), all_(all) {}
    calling(calling&&) noexcept = default;

    bool over() const noexcept { return over_; }
    void end_with(weir::detail::channel_end how) noexcept;
    bool attempt(std::uint32_t) noexcept { return all_.empty() && (over_ = true); }
    // Returns whether no call needs a wait.
    bool attempt_or_wait(weir::detail::parked_task& task, std::uint32_t die) noexcept;
    // Abandons the calls that haven't ended.
    void leave() noexcept;
    void outcome() noexcept { over_ = true; }

private:
    call_target* to_;
    loop* home_;
    std::span<call* const> all_;
    call_group group_{};
    bool over_ = false;
};

} // namespace weir::redis::detail
