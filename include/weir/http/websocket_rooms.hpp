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

/// A place in a room; leaves it when destroyed. Belongs to its WebSocket's loop.
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
    /// What may wait unsent for one member. One that is slower is closed with 1013 (try again later): it is
    /// better told to connect again than left with holes in what it hears.
    std::size_t unsent = 1024 * 1024;
};

/// Rooms by name, which WebSockets of all loops join: a room is there while somebody is in it. One for the whole
/// process, thread-safe; a broadcast posts once to each loop that has members, and every member hears a room's
/// broadcasts in the same order. It holds of this process only: several need a broker between them.
class websocket_rooms {
public:
    explicit websocket_rooms(websocket_rooms_options options = {});

    /// On the WebSocket's loop, which the seat must not outlive: keep it in the handler.
    room_seat join(std::string room, const websocket& member);

    /// Sends to everybody in the room, the sender too; how many there were. errc::invalid_argument for a text
    /// that isn't UTF-8.
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
