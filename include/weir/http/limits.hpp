// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::http {

/// What one connection may use. `duration::max()` is no limit; a size or time of 0 is refused where nothing could be
/// served with it. Each limit has its answer; timeouts are coarse (they fire up to a quarter
/// of a second late) and cost nothing per request. Besides: a chunked body may come with 16 KiB of framing (sizes'
/// zeros, extensions, trailers), 413. Limits of other things stand with them: connections in `server_options` (503),
/// forms in `multipart_limits` (413), `websocket_options`, `client_options`.
struct limits {
    std::uint32_t request_line = 8 * 1024; ///< bytes of the request line; 414
    std::uint32_t head = 16 * 1024;        ///< bytes of the whole head, however long its lines; 431
    std::uint32_t fields = 100;            ///< header fields, 1 to 100; 431
    std::size_t body = 1024 * 1024;        ///< bytes of a body, decoded; 413. `router::max_body` overrides it
    std::uint32_t json_depth = 64;         ///< of nested objects and arrays in a `body<T>`; 400. `router::json_depth`
    std::size_t pipelined = 64 * 1024;     ///< bytes read ahead while a handler works; then reading pauses
    std::size_t output = 256 * 1024;       ///< bytes of answers gathered before they are sent
    /// From a head's first byte to its last; 408. A new connection has it for its first byte as well, then it closes.
    duration head_time = std::chrono::seconds(10);
    duration body_time = std::chrono::seconds(30); ///< from the head to the body's last byte; 408
    std::uint32_t body_rate = 16 * 1024; ///< bytes a second that a streamed body comes with, after body_time; 408
    duration handler_time = std::chrono::seconds(30); ///< a coroutine handler's deadline; 504
    duration write_time = std::chrono::seconds(30);   ///< for the peer to take some of what is sent; then it is cut
    std::uint32_t write_rate = 4 * 1024; ///< bytes a second that it has to take, after write_time; then it is cut
    duration idle_time = std::chrono::seconds(60); ///< between requests; then the connection closes
    /// Whether a peer that has sent its last byte (FIN) still waits for the answers of handlers that are at work. By
    /// default it has hung up: a suspended handler is cancelled, its request is logged as 499, and endless streams end.
    /// What has been answered by then is sent in any case.
    bool half_close = false;
    duration drain_grace = std::chrono::milliseconds(250); ///< at shutdown, for a request already on its way
};

} // namespace weir::http
