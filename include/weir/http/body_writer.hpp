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
class running_exchange;
} // namespace detail

/// Where a streamed response's body is written. Each write leaves at once while the peer keeps up; when it
/// doesn't, writes gather up to 64 KiB and then wait.
class body_writer {
public:
    explicit body_writer(detail::running_exchange& of) noexcept : exchange_(&of) {}
    body_writer(const body_writer&) = delete;
    body_writer& operator=(const body_writer&) = delete;

    /// Sends a piece; an empty one sends nothing. errc::cancelled once the peer is gone or the server stops,
    /// invalid_argument for more than the announced size.
    task<result<void>> write(std::string_view piece);

    /// Fields that follow the body (RFC 9110 section 6.5): sent with a chunked body, dropped otherwise. Those that
    /// frame or route a message, say who a caller is or how content is to be read, such as Content-Length, Host,
    /// Set-Cookie or Content-Type, may not stand there and are dropped as well (section 6.5.1): set them in the
    /// response's head.
    header_list& trailers() noexcept;

    /// For weir's own writers.
    detail::running_exchange& exchange() const noexcept { return *exchange_; }

private:
    detail::running_exchange* exchange_;
};

/// What writes a streamed body. It runs after the handler has returned and the middleware has seen the head;
/// what it captures has to live by itself. An error (or an exception) ends the connection in the middle of
/// the body, which is how the client learns of it.
using body_source = std::function<task<result<void>>(body_writer&)>;

struct stream_options {
    std::string content_type = "application/octet-stream";
    std::optional<std::uint64_t> size{}; ///< announced as Content-Length; without it the body goes in chunks
    /// Has no end of its own (events): a stopping server cancels it instead of waiting.
    bool endless = false;
};

/// A response whose body is written as it is sent, with back-pressure and without a deadline for the whole:
/// `return weir::stream(export_rows, {.content_type = "text/csv"});`
response stream(body_source source, stream_options options = {});

} // namespace weir::http

namespace weir {
using http::body_source;
using http::body_writer;
using http::stream;
using http::stream_options;
} // namespace weir
