// SPDX-License-Identifier: MIT
#pragma once

#include "http/exchange_stream.hpp"
#include "http/websocket_frame.hpp"
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
    closed, // both goodbyes are said
    broken, // the peer broke the protocol, and was told
    lost,   // the connection ended without
};

/// Who is told what a WebSocket's stream reads. A call may end it, and what listens.
class websocket_events {
public:
    virtual void heard() = 0;
    /// Whether a message, or a control frame, has begun of which the rest hasn't come.
    virtual void awaits_rest(bool midway) = 0;
    /// Nothing is read from here on until it is asked for.
    virtual void came(websocket_message message) = 0;
    /// The peer's close has come; it is answered, and then it is over.
    virtual void peer_closes(std::uint16_t code, std::string_view reason) = 0;
    /// 1005 stands for no code.
    virtual void over(websocket_end how, std::uint16_t code, std::string_view reason) = 0;

protected:
    ~websocket_events() = default;
};

/// Boost.Beast's WebSocket stream over an upgraded connection's bytes: what is read, masks, UTF-8, limits, control
/// frames and the closing handshake are Beast's; messages are sent here, between its frames, in the order of the
/// calls. Without clocks. Belongs to one loop.
class websocket_stream {
public:
    static std::shared_ptr<websocket_stream> open(weir::loop& home, exchange_stream& bytes, std::size_t max_message,
                                                  websocket_events& told);

    /// Until the next message, `came` or the end is told.
    virtual void read() = 0;
    /// In the order of the calls; dropped when the stream isn't open any more.
    virtual void send(std::string_view payload, bool binary) = 0;
    virtual void send(std::span<const shared_frame> frames) = 0;
    /// Unless the peer takes nothing: then it needs no more of these either.
    virtual void ping() = 0;
    /// After what was sent before; nothing of the peer's is told from here on but the end. Once.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    /// The connection is no more, or nobody's concern: nothing is told from here on.
    virtual void leave() noexcept = 0;

    virtual void input_came() = 0;
    virtual void output_left() = 0;
    /// Bytes that wait because the peer doesn't take what is before them.
    virtual std::size_t unsent() const noexcept = 0;

    virtual ~websocket_stream() = default;
};

} // namespace weir::http::detail
