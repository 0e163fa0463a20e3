// SPDX-License-Identifier: MIT
#pragma once

#include "core/event.hpp"
#include "http/websocket/room_branch.hpp"
#include <weir/http/websocket_rooms.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::http::detail {

class room_table;

/// A sender that waits until loops have delivered. Lives in the sender's coroutine, on its loop.
struct room_waiter {
    room_waiter(room_table& table, weir::loop& its) : owner(table), home(its) {}
    room_waiter(const room_waiter&) = delete;
    room_waiter& operator=(const room_waiter&) = delete;
    ~room_waiter();

    room_table& owner;
    weir::loop& home;
    std::shared_ptr<weir::detail::event> point = std::make_shared<weir::detail::event>();
};

/// The members of all rooms. Process-wide, behind one mutex, which is held while functions are posted to loops: a loop
/// with members or waiting senders is alive. A broadcast fills the inboxes of all loops under that mutex, so all
/// members receive a room's broadcasts in the same order.
class room_table : public std::enable_shared_from_this<room_table> {
public:
    explicit room_table(websocket_rooms_options options);

    std::uint64_t join(const std::string& room, const std::shared_ptr<websocket_link>& link);
    void leave(const std::string& room, std::uint64_t id) noexcept;

    /// Returns the number of recipients. If memory runs out, no member receives the message.
    std::size_t broadcast(std::string_view room, const shared_frame& frame);
    /// Like broadcast, once no loop is behind; errc::cancelled without a broadcast.
    task<result<std::size_t>> send(std::string_view room, const shared_frame& frame);

    std::size_t size(std::string_view room) const;
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

    void forget(room_waiter& waiter) noexcept;

private:
    using room = std::vector<std::shared_ptr<room_branch>>; // one per loop
    struct by_text : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using room_map = std::unordered_map<std::string, room, by_text, std::equal_to<>>;

    room_branch& branch_of(room& in, weir::loop& home);
    void tidy(room_map::iterator at) noexcept;
    void close(room_branch& branch) noexcept;
    std::size_t share(const room& with, const shared_frame& frame);
    void prepare(room_branch& branch);
    std::optional<std::size_t> try_share(std::string_view name, const shared_frame& frame, room_waiter& waiter);
    void deliver(room_outlet& at);
    void deliver(room_branch& of);
    bool deliver(const room_member& to, const room_batch& what, room_branch& of);
    bool abandon(const room_member& one, room_branch& of, websocket_link& link);
    room_batch take(room_branch& of);
    void wake_waiters(room_outlet& at) noexcept;

    const websocket_rooms_options options_;
    const std::size_t high_water_; // bytes in an inbox beyond which senders wait
    mutable std::mutex mutex_;
    room_map rooms_;
    std::unordered_map<weir::loop*, std::shared_ptr<room_outlet>> outlets_;
    std::uint64_t last_id_ = 0;
    std::atomic<std::uint64_t> dropped_{0};
};

} // namespace weir::http::detail
