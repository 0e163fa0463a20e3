// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

namespace detail {
class room_table;
} // namespace detail

/// Membership in a room, which ends with its destruction. Belongs to its WebSocket's loop.
class [[nodiscard]] room_seat {
public:
    room_seat() = default;
    room_seat(room_seat&& other) noexcept = default;
    room_seat& operator=(room_seat&& other) noexcept {
        leave();
        table_ = std::move(other.table_);
        room_ = std::move(other.room_);
        id_ = other.id_;
        return *this;
    }
    ~room_seat() { leave(); }

    void leave() noexcept;

private:
    friend class websocket_rooms;

    room_seat(std::shared_ptr<detail::room_table> table, std::string room, std::uint64_t id)
        : table_(std::move(table)), room_(std::move(room)), id_(id) {}

    std::shared_ptr<detail::room_table> table_;
    std::string room_;
    std::uint64_t id_ = 0;
};

struct websocket_rooms_options {
    /// Bytes that may be queued for one member, for its loop and its peer together; each message counts 64 more for its
    /// memory. A slower member is removed from the room, its queue is freed, and it is closed with 1013 (try again
    /// later): reconnecting is better than missing messages.
    std::size_t unsent = 1024 * 1024;
};

/// Rooms by name that WebSockets of all loops join; a room exists while it has members. One instance for the whole
/// process, thread-safe. All members receive a room's broadcasts in the same order; a loop with members receives the
/// broadcasts between two of its turns together. Rooms are local to the process: several processes need a broker.
class websocket_rooms {
public:
    explicit websocket_rooms(websocket_rooms_options options = {});

    /// Call it on the WebSocket's loop, which the seat must not outlive: keep it in the handler.
    room_seat join(std::string room, const websocket& member);

    /// Sends to all members of the room, including the sender, once every loop with members has at most 64 KiB of the
    /// room to deliver (or half of `unsent`): a sender faster than a loop waits for it. It doesn't wait for a single
    /// slow member, which is closed. Returns the number of recipients. errc::invalid_argument for a string that isn't
    /// UTF-8, and cancelled if cancellation came first; then no member receives it.
    task<result<std::size_t>> send(std::string_view room, std::string_view text);
    task<result<std::size_t>> send_binary(std::string_view room, std::string_view bytes);

    /// Sends at once, from any thread. Broadcasting faster than a loop delivers makes that loop's members slow: prefer
    /// `send` for traffic caused by clients.
    result<std::size_t> broadcast(std::string_view room, std::string_view text);
    std::size_t broadcast_binary(std::string_view room, std::string_view bytes);

    std::size_t size(std::string_view room) const;
    /// Members that were closed for being too slow.
    std::uint64_t dropped() const noexcept;

private:
    std::shared_ptr<detail::room_table> table_;
};

} // namespace weir::http

namespace weir {
using http::room_seat;
using http::websocket_rooms;
} // namespace weir
