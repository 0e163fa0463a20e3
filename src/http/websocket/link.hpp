// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/body_stream.hpp"
#include "http/websocket/stream.hpp"
#include "http/websocket/wait_list.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/websocket.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace weir::http::detail {

/// The state of one WebSocket over an upgraded connection: its timer, and its waiting coroutines. Belongs to one loop.
class websocket_link final
    : public raw_listener,
      public websocket_events,
      public std::enable_shared_from_this<websocket_link> {
public:
    websocket_link(weir::loop& home, const websocket_options& options, std::string subprotocol);

    /// Runs the connection until the handler has ended and the closing handshake is complete; false if there was no
    /// peer left to close with.
    static task<bool> run(std::shared_ptr<websocket_link> self, const websocket_handler& handler, request_task& on);

    // For the handler's side.
    task<result<websocket_message>> receive();
    task<result<void>> send(std::string_view payload, bool binary);
    void close(std::uint16_t code, std::string_view reason);
    /// Sends messages without waiting. If more than `most` bytes would be queued for the peer, closes and returns
    /// false.
    bool offer(std::span<const shared_frame> frames, std::size_t most);
    /// Closes the connection for being too slow; returns false.
    bool refuse();
    /// Ends the connection without a closing handshake: the peer is gone, or the handler doesn't end.
    void lose();
    /// Returns the number of bytes queued for the peer; readable from any thread.
    std::shared_ptr<const std::atomic<std::size_t>> backlog();

    bool is_open() const noexcept { return state_ == state::open; }
    std::uint16_t close_code() const noexcept { return code_; }
    std::string_view close_reason() const noexcept { return reason_; }
    std::string_view subprotocol() const noexcept { return subprotocol_; }
    weir::loop& home() noexcept { return home_; }

    // For the connection's side.
    void input_came() override;
    void output_left() override;
    void stopping() override { close(going_away, "the server stops"); }
    void gone() override;

    // For the frames' side.
    void input_arrived() override;
    void awaits_rest(bool midway) override;
    void message_arrived(websocket_message message) override;
    void peer_closes(std::uint16_t code, std::string_view reason) override;
    void stream_ended(websocket_end how, std::uint16_t code, std::string_view reason) override;

private:
    enum class state : std::uint8_t {
        open,
        closing, // one side has sent a close
        closed,  // both have, or no handshake is possible any more
        lost,    // without a closing handshake
    };
    static constexpr std::uint16_t going_away = 1001;
    static constexpr time_point never = time_point::max();

    void begin(body_stream& stream);
    void leave();
    bool awaits_input() const noexcept { return state_ <= state::closing && !message_; }
    void publish() noexcept;
    void end(state how, std::uint16_t code, std::string_view reason);
    void arm_timer();
    void arm(time_point when);
    time_point next_look() const noexcept;
    void timer_expired();
    bool keep_alive(time_point now);
    error ending() const;

    weir::loop& home_;
    const std::size_t max_message_;
    const duration message_within_;
    const duration ping_after_;
    const duration pong_within_;
    const duration close_within_;
    const std::string subprotocol_;
    body_stream* stream_ = nullptr;                     // while the connection exists
    std::shared_ptr<websocket_stream> frames_;          // likewise
    std::optional<websocket_message> message_;          // for the next receive
    std::shared_ptr<std::atomic<std::size_t>> backlog_; // created on request
    weir::detail::event receiver_;
    wait_list output_;
    weir::detail::event finished_;
    std::string reason_;
    time_point last_input_;
    time_point pinged_ = never; // no answer since then
    time_point begun_ = never;  // when an incomplete message started
    time_point due_ = never;    // when the timer rings, possibly before there is anything to do
    loop::timer_id timer_ = 0;
    std::size_t unshared_ = 0; // sent since the loop's other connections had a turn
    std::uint16_t code_ = 1005;
    state state_ = state::open;
    bool broken_ = false; // the peer broke the protocol
};

} // namespace weir::http::detail
