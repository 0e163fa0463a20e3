// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::http {

/// Limits of one connection. `duration::max()` means no limit; a size or time of 0 is refused where nothing could be
/// served with it. Each limit has its response; timeouts are coarse (up to a quarter of a second late) and cost nothing
/// per request. In addition, a chunked body may have 16 KiB of framing (leading zeros of sizes, extensions, trailers);
/// 413. Limits of other things are declared with them: connections in `server_options` (503), forms in
/// `multipart_limits` (413), `websocket_options`, `client_options`.
struct limits {
    std::uint32_t request_line = 8 * 1024; ///< bytes of the request line; 414
    std::uint32_t head = 16 * 1024;        ///< bytes of the whole head, regardless of line lengths; 431
    std::uint32_t fields = 100;            ///< header fields, 1 to 100; 431
    std::size_t body = 1024 * 1024;        ///< bytes of a body, decoded; 413. `router::max_body` overrides it
    std::uint32_t json_depth = 64; ///< nested objects and arrays in a `body<T>`; 400. `router::json_depth` overrides it
    std::size_t pipelined = 64 * 1024; ///< bytes read ahead while a handler runs; then reading pauses
    std::size_t output = 256 * 1024;   ///< bytes of responses buffered before they are sent
    /// From a head's first byte to its last; 408. Also the time for a new connection's first byte; after it the
    /// connection closes.
    duration head_time = std::chrono::seconds(10);
    duration body_time = std::chrono::seconds(30); ///< from the head to the body's last byte; 408
    std::uint32_t body_rate = 16 * 1024; ///< bytes per second that a streamed body must reach after body_time; 408
    duration handler_time = std::chrono::seconds(30); ///< a coroutine handler's deadline; 504
    duration write_time = std::chrono::seconds(30);   ///< for the peer to take some of the output; else it is aborted
    std::uint32_t write_rate = 4 * 1024; ///< bytes per second that the peer must take after write_time; else aborted
    duration idle_time = std::chrono::seconds(60); ///< between requests; then the connection closes
    /// Whether a peer that has closed its sending side (FIN) still receives the responses of running handlers. By
    /// default it counts as gone: a suspended handler is cancelled, its request is logged as 499, and endless streams
    /// end. Responses finished by then are sent in any case.
    bool half_close = false;
    duration drain_grace = std::chrono::milliseconds(250); ///< at shutdown, for a request that is already on its way
};

} // namespace weir::http
