// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/body_stream.hpp"
#include "http/websocket/frame.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http::detail {

/// How a WebSocket's stream ends.
enum class websocket_end : std::uint8_t {
    closed, // both sides have sent a close
    broken, // the peer broke the protocol, and was sent a close
    lost,   // the connection ended without a close
};

/// Receives what a WebSocket's stream reads. A call may destroy the stream and its listener.
class websocket_events {
public:
    virtual void input_arrived() = 0;
    /// Whether a message, or a control frame, has started but is incomplete.
    virtual void awaits_rest(bool midway) = 0;
    /// A message has arrived. Nothing more is read until requested.
    virtual void message_arrived(websocket_message message) = 0;
    /// The peer's close has arrived; it is answered, and then the stream ends.
    virtual void peer_closes(std::uint16_t code, std::string_view reason) = 0;
    /// The stream has ended. 1005 means no code.
    virtual void stream_ended(websocket_end how, std::uint16_t code, std::string_view reason) = 0;

protected:
    ~websocket_events() = default;
};

/// Boost.Beast's WebSocket stream over an upgraded connection's bytes. Beast handles reading, masks, UTF-8, limits,
/// control frames and the closing handshake; messages are sent here, between its frames, in the order of the calls. It
/// has no timers. Belongs to one loop.
class websocket_stream {
public:
    static std::shared_ptr<websocket_stream> open(weir::loop& home, body_stream& bytes, std::size_t max_message,
                                                  websocket_events& events);

    /// Reads until the next message, which `message_arrived` reports, or the end.
    virtual void read() = 0;
    /// Sends messages in the order of the calls; drops them if the stream is no longer open.
    virtual void send(std::string_view payload, bool binary) = 0;
    virtual void send(std::span<const shared_frame> frames) = 0;
    /// Sends a ping, unless the peer takes nothing: then more pings don't help.
    virtual void ping() = 0;
    /// Closes after what was sent before; from now on only the end is reported. Call it once.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    /// Detaches from the connection and the listener: nothing is reported from now on.
    virtual void leave() noexcept = 0;

    virtual void input_came() = 0;
    virtual void output_left() = 0;
    /// Bytes queued because the peer hasn't taken earlier output.
    virtual std::size_t unsent() const noexcept = 0;

    virtual ~websocket_stream() = default;
};

} // namespace weir::http::detail
