// SPDX-License-Identifier: MIT
#include "http/websocket/link.hpp"
#include "http/websocket/room_table.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/websocket_rooms.hpp>

#include <utility>

namespace weir::http {

namespace {

error not_text() { return error(errc::invalid_argument, "a text message must be UTF-8"); }

} // namespace

void room_seat::leave() noexcept {
    if (const auto table = std::exchange(table_, nullptr)) table->leave(room_, id_);
}

websocket_rooms::websocket_rooms(websocket_rooms_options options)
    : table_(std::make_shared<detail::room_table>(options)) {}

room_seat websocket_rooms::join(std::string room, const websocket& member) {
    const std::uint64_t id = table_->join(room, member.link_);
    return room_seat(table_, std::move(room), id);
}

result<std::size_t> websocket_rooms::broadcast(std::string_view room, std::string_view text) {
    if (!is_utf8(text)) return not_text();
    return table_->broadcast(room, detail::frame_of(text, false));
}

std::size_t websocket_rooms::broadcast_binary(std::string_view room, std::string_view bytes) {
    return table_->broadcast(room, detail::frame_of(bytes, true));
}

task<result<std::size_t>> websocket_rooms::send(std::string_view room, std::string_view text) {
    if (!is_utf8(text)) co_return not_text();
    const auto table = table_;
    const auto frame = detail::frame_of(text, false);
    co_return co_await table->send(room, frame);
}

task<result<std::size_t>> websocket_rooms::send_binary(std::string_view room, std::string_view bytes) {
    const auto table = table_;
    const auto frame = detail::frame_of(bytes, true);
    co_return co_await table->send(room, frame);
}

std::size_t websocket_rooms::size(std::string_view room) const { return table_->size(room); }

std::uint64_t websocket_rooms::dropped() const noexcept { return table_->dropped(); }

} // namespace weir::http
