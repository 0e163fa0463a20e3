// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/http/body_writer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir::http {

namespace detail {
class heartbeat;
} // namespace detail

/// One server-sent event (WHATWG HTML, section 9.2). The views must be valid until `send` is called.
struct event {
    std::string_view data{};                          ///< may contain line ends of any kind; the browser sees `\n`
    std::string_view name{};                          ///< empty: `message` to the browser
    std::string_view id{};                            ///< sent back as Last-Event-ID when the browser reconnects
    std::optional<std::chrono::milliseconds> retry{}; ///< how long the browser waits before it reconnects
};
static_assert(std::is_trivially_copyable_v<event>);

/// Writes events. For one coroutine at a time; waits while the peer doesn't keep up.
class event_writer {
public:
    event_writer(body_writer& out, duration heartbeat);
    ~event_writer();
    event_writer(const event_writer&) = delete;
    event_writer& operator=(const event_writer&) = delete;

    /// Sends an event. Returns errc::invalid_argument for a line end or NUL in its name or id, and cancelled once the
    /// peer is gone or the server stops.
    task<result<void>> send(const event& one);
    /// Sends an event with data only.
    task<result<void>> send(std::string_view data);

private:
    task<result<void>> write(std::string lines);
    static task<result<void>> refuse();

    body_writer& out_;
    std::shared_ptr<detail::heartbeat> heartbeat_;
};

/// Writes the events. It runs after the handler has returned, so it must own what it captures.
using event_source = std::function<task<result<void>>(event_writer&)>;

struct event_stream_options {
    /// How long without an event before a comment is sent, so that proxies keep the connection and a dead peer is
    /// detected; on the loop's clock. Zero: never.
    duration heartbeat = std::chrono::seconds(15);
};

/// Returns a response of server-sent events, which lasts until the source ends, the peer leaves or the server stops.
///
///     return weir::event_stream([&feed](weir::event_writer& events) -> weir::task<weir::result<void>> {
///         for (;;) {
///             const auto price = co_await feed.next();
///             if (auto sent = co_await events.send(price); !sent) co_return sent;
///         }
///     });
response event_stream(event_source source, event_stream_options options = {});

/// Returns the id of the last event that a browser saw before it reconnected; empty the first time.
std::string last_event_id(const request& req);

} // namespace weir::http

namespace weir {
using http::event;
using http::event_source;
using http::event_stream;
using http::event_stream_options;
using http::event_writer;
using http::last_event_id;
} // namespace weir
