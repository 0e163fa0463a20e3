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
    /// Bytes that may wait for one member, for its loop and for its peer together; each message counts 64 more, for
    /// its memory. A member that is slower leaves the room, what waits for its loop is freed, and it is closed with
    /// 1013 (try again later): it is better to connect again than to hear with holes.
    std::size_t unsent = 1024 * 1024;
};

/// Rooms by name, which WebSockets of all loops join: a room is there while somebody is in it. One for the whole
/// process, thread-safe; every member hears a room's broadcasts in the same order, and each loop that has members
/// gets what comes between two of its turns at once. It holds of this process only: several need a broker between
/// them.
class websocket_rooms {
public:
    explicit websocket_rooms(websocket_rooms_options options = {});

    /// On the WebSocket's loop, which the seat must not outlive: keep it in the handler.
    room_seat join(std::string room, const websocket& member);

    /// Sends to everybody in the room, the sender too, once no loop of theirs has more than 64 KiB of the room to
    /// deliver (or half of `unsent`): a sender that is faster than a loop waits for it. Not for a single member: a
    /// slow one is closed. Gives how many are to hear it. errc::invalid_argument for a text that isn't UTF-8,
    /// cancelled when that came before; then no member hears it.
    task<result<std::size_t>> send(std::string_view room, std::string_view text);
    task<result<std::size_t>> send_binary(std::string_view room, std::string_view bytes);

    /// The same at once, from any thread. Who broadcasts faster than a loop delivers makes that loop's members slow:
    /// prefer `send` for what clients cause.
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
