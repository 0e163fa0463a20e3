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

/// One whole message, put together from its fragments.
struct websocket_message {
    std::string data{};
    bool binary = false; ///< otherwise text, which is UTF-8
};

/// An open WebSocket (RFC 6455). A handle: copies speak to the same peer and may outlive the connection, when
/// everything is errc::cancelled. Belongs to the connection's loop. Pings are answered, and sent, by weir.
class websocket {
public:
    explicit websocket(std::shared_ptr<detail::websocket_link> link) noexcept : link_(std::move(link)) {}

    /// The next message; for one coroutine at a time. errc::cancelled once either side has closed or the
    /// server stops, unavailable when the peer vanished or broke the protocol; `close_code()` says more.
    /// A peer whose messages nobody receives has to wait.
    task<result<websocket_message>> receive();

    /// Sends a text message, or bytes; whole and in the order of the calls, from however many coroutines.
    /// Waits while more than 64 KiB are unsent. errc::invalid_argument for a text that isn't UTF-8,
    /// cancelled once the connection is closed.
    task<result<void>> send(std::string_view text);
    task<result<void>> send_binary(std::string_view bytes);

    /// Begins the closing handshake; what the peer still sends is dropped. Doing so again changes nothing.
    /// errc::invalid_argument for a code that may not be sent or a reason over 123 bytes.
    result<void> close(std::uint16_t code = 1000, std::string_view reason = {});

    bool is_open() const noexcept;
    /// After the end: the peer's code, else ours, 1005 for none, 1006 when the connection was lost.
    std::uint16_t close_code() const noexcept;
    std::string_view close_reason() const noexcept;
    /// What was agreed on; empty for none.
    std::string_view subprotocol() const noexcept;

private:
    friend class websocket_rooms;

    std::shared_ptr<detail::websocket_link> link_;
};

/// What talks to the peer, from the handshake on; when it returns, weir closes with 1000, 1001 when the server
/// stops, 1011 after an exception. What it captures has to live by itself: the route's handler has returned.
using websocket_handler = std::function<task<void>(websocket&)>;

struct websocket_options {
    std::size_t max_message = 1024 * 1024; ///< bytes, of all fragments; beyond it: closed with 1009
    /// From a message's first byte to its last; then it is closed with 1008. Zero: never. However little comes of
    /// one at a time, who sends it isn't silent: only this ends a message that doesn't.
    duration message_within = std::chrono::seconds(60);
    duration ping_after = std::chrono::seconds(30);  ///< of silence a ping is sent; zero: never
    duration pong_within = std::chrono::seconds(30); ///< after a ping; then the connection is dropped
    duration close_within = std::chrono::seconds(5); ///< for the peer's part of the closing handshake
    std::vector<std::string> subprotocols{};         ///< offered here, the preferred first
    /// Pages of these origins may connect, such as `https://shop.example`, besides the service's own. Compared without
    /// regard to case and to the scheme's default port. What isn't a page, a mini-program of WeChat's, may send an
    /// origin of a scheme of its own: list it as it is sent (`websocket_upgrade::origin`), or allow any.
    std::vector<std::string> origins{};
    bool any_origin = false; ///< only where no cookie or client address identifies the user
};

/// A request to speak WebSocket, as a handler's parameter. Not every request is one: `accept` answers those
/// that aren't with 426 or 400.
///
///     app.get("/echo", [](weir::websocket_upgrade upgrade) {
///         return upgrade.accept([](weir::websocket& peer) -> weir::task<void> {
///             while (auto message = co_await peer.receive()) co_await peer.send(message->data);
///         });
///     });
class websocket_upgrade {
public:
    explicit websocket_upgrade(const request& req);

    /// Answers the handshake. Browsers send cookies along with a page's WebSocket whatever the page's origin,
    /// so by default a page of another host is refused with 403; clients that send no Origin are not browsers.
    response accept(websocket_handler handler, websocket_options options = {}) const;

    /// Of the page that asks; empty from what isn't a browser.
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
