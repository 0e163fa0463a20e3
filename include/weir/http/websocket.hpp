// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/http/extract.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

namespace detail {
class websocket_link;
} // namespace detail

/// One complete message, assembled from its fragments.
struct websocket_message {
    std::string data{};
    bool binary = false; ///< otherwise text, which is UTF-8
};

/// An open WebSocket (RFC 6455). A handle: copies refer to the same connection and may outlive it; all calls then
/// return errc::cancelled. Belongs to the connection's loop. weir sends and answers pings.
class websocket {
public:
    explicit websocket(std::shared_ptr<detail::websocket_link> link) noexcept : link_(std::move(link)) {}

    /// Returns the next message; for one coroutine at a time. errc::cancelled once either side has closed or the server
    /// stops, unavailable if the peer vanished or broke the protocol; see `close_code()`. A peer whose messages aren't
    /// received is held back.
    task<result<websocket_message>> receive();

    /// Sends text, or bytes, as one message; whole and in the order of the calls, from any number of coroutines. Waits
    /// while more than 64 KiB are unsent. Returns errc::invalid_argument for a string that isn't UTF-8, and cancelled
    /// once the connection is closed.
    task<result<void>> send(std::string_view text);
    task<result<void>> send_binary(std::string_view bytes);

    /// Starts the closing handshake; whatever the peer still sends is dropped. Calling it again has no effect. Returns
    /// errc::invalid_argument for a code that may not be sent or a reason over 123 bytes.
    result<void> close(std::uint16_t code = 1000, std::string_view reason = {});

    bool is_open() const noexcept;
    /// After the end: the peer's code, else this side's, 1005 for none, 1006 if the connection was lost.
    std::uint16_t close_code() const noexcept;
    std::string_view close_reason() const noexcept;
    /// The negotiated subprotocol; empty for none.
    std::string_view subprotocol() const noexcept;

private:
    friend class websocket_rooms;

    std::shared_ptr<detail::websocket_link> link_;
};

/// Handles the connection after the handshake. When it returns, weir closes with 1000, with 1001 when the server stops,
/// with 1011 after an exception. It must own what it captures, since the route's handler has returned.
using websocket_handler = std::function<task<void>(websocket&)>;

struct websocket_options {
    std::size_t max_message = 1024 * 1024; ///< bytes, of all fragments; beyond it the connection is closed with 1009
    /// From a message's first byte to its last; beyond it the connection is closed with 1008. Zero: no limit. This is
    /// the only limit for an unfinished message, since a peer that sends even a few bytes isn't silent.
    duration message_within = std::chrono::seconds(60);
    duration ping_after = std::chrono::seconds(30);  ///< silence after which a ping is sent; zero: never
    duration pong_within = std::chrono::seconds(30); ///< after a ping; then the connection is dropped
    duration close_within = std::chrono::seconds(5); ///< for the peer's part of the closing handshake
    std::vector<std::string> subprotocols{};         ///< supported subprotocols, the preferred one first
    /// Pages of these origins may connect, such as `https://shop.example`, besides the service's own. Compared
    /// case-insensitively, and with the scheme's default port optional. A client that isn't a page, such as a WeChat
    /// mini-program, may send an origin with its own scheme: list it as sent (`websocket_upgrade::origin`), or allow
    /// any.
    std::vector<std::string> origins{};
    bool any_origin = false; ///< only if no cookie or client address identifies the user
};

/// A WebSocket handshake, as a handler's parameter. The request may not be one: `accept` then responds with 426 or 400.
///
///     app.get("/echo", [](weir::websocket_upgrade upgrade) {
///         return upgrade.accept([](weir::websocket& peer) -> weir::task<void> {
///             while (auto message = co_await peer.receive()) co_await peer.send(message->data);
///         });
///     });
class websocket_upgrade {
public:
    explicit websocket_upgrade(const request& req);

    /// Answers the handshake. Browsers send cookies with a page's WebSocket regardless of the page's origin, so by
    /// default a page of another host is refused with 403. Clients that send no Origin are not browsers.
    response accept(websocket_handler handler, websocket_options options = {}) const;

    /// The origin of the requesting page; empty for a client that isn't a browser.
    std::string_view origin() const noexcept { return origin_; }

private:
    bool origin_allowed(const websocket_options& options) const;
    std::string choose(const std::vector<std::string>& ours) const;

    error refusal_{};
    std::string accept_key_;
    std::string origin_;
    std::string host_;
    std::vector<std::string> offered_; // subprotocols
    bool secure_ = false;
};

template<>
struct extractor<websocket_upgrade> {
    static result<websocket_upgrade> from(request& req) { return websocket_upgrade(req); }
};

} // namespace weir::http

namespace weir {
using http::websocket;
using http::websocket_message;
using http::websocket_options;
using http::websocket_upgrade;
} // namespace weir
