// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/http/extract.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

namespace detail {
class request_task;
} // namespace detail

/// Reads the request's body piece by piece, as a parameter of a coroutine handler. The handler starts as soon as the
/// head has arrived; reading slower than the client sends holds the client back. `router::max_body` limits the whole
/// body; its time limit is `limits::body_time` plus one second per `limits::body_rate` bytes. A handler may respond
/// before the end of the body; the connection then closes after the response.
///
///     task<result<receipt>> upload(weir::body_reader in) {
///         for (;;) {
///             auto piece = co_await in.read();
///             if (!piece) co_return piece.error();
///             if (piece->empty()) break;
///             hash.update(*piece);
///         }
class body_reader {
public:
    explicit body_reader(detail::request_task& of) noexcept : task_(&of) {}

    /// Returns the next piece, decoded from chunks; empty at the end. The view is valid until the next call. Errors:
    /// errc::too_large (413), invalid_argument (400: malformed chunks, or the connection ended before the body),
    /// deadline_exceeded (408), cancelled. After an error, every later call returns the same error.
    task<result<std::string_view>> read();

    /// Returns the rest of the body, up to `most` bytes; errc::too_large beyond.
    task<result<std::string>> read_all(std::size_t most);

    /// Returns the fields after the body, once the body has been read to its end; see request::trailers.
    const header_list& trailers() const noexcept;

    /// Returns the announced size, or nothing for a chunked body.
    std::optional<std::uint64_t> size() const noexcept;

private:
    detail::request_task* task_;
};

template<>
struct extractor<body_reader> {
    static result<body_reader> from(request& req);
};

} // namespace weir::http

namespace weir {
using http::body_reader;
} // namespace weir
