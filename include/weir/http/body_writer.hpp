// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

namespace detail {
class request_task;
} // namespace detail

/// Writes a streamed response's body. A write is sent at once while the peer keeps up; otherwise writes are buffered up
/// to 64 KiB and then wait.
class body_writer {
public:
    explicit body_writer(detail::request_task& of) noexcept : task_(&of) {}
    body_writer(const body_writer&) = delete;
    body_writer& operator=(const body_writer&) = delete;

    /// Sends a piece; an empty one sends nothing. Returns errc::cancelled once the peer is gone or the server stops,
    /// and invalid_argument beyond the announced size.
    task<result<void>> write(std::string_view piece);

    /// Returns the fields to send after the body (RFC 9110 section 6.5): sent with a chunked body, dropped otherwise.
    /// Fields that frame or route a message, authenticate, or describe its content (such as Content-Length, Host,
    /// Set-Cookie or Content-Type) are not allowed in trailers and are dropped too (section 6.5.1); set them in the
    /// response's head.
    header_list& trailers() noexcept;

    /// For weir's own writers.
    detail::request_task& running() const noexcept { return *task_; }

private:
    detail::request_task* task_;
};

/// Writes a streamed body. It runs after the handler has returned and the middleware has seen the head, so it must own
/// what it captures. An error or an exception ends the connection in the middle of the body, which tells the client
/// that the body is incomplete.
using body_source = std::function<task<result<void>>(body_writer&)>;

struct stream_options {
    std::string content_type = "application/octet-stream";
    std::optional<std::uint64_t> size{}; ///< sent as Content-Length; without it the body is chunked
    /// For a stream without an end, such as events: a stopping server cancels it instead of waiting.
    bool endless = false;
};

/// Returns a response whose body is written while it is sent, with back-pressure and without a deadline for the whole:
/// `return weir::stream(export_rows, {.content_type = "text/csv"});`
response stream(body_source source, stream_options options = {});

} // namespace weir::http

namespace weir {
using http::body_source;
using http::body_writer;
using http::stream;
using http::stream_options;
} // namespace weir
