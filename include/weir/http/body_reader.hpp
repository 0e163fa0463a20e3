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
class running_exchange;
} // namespace detail

/// The request's body piece by piece, as a parameter of a coroutine handler: the handler then begins as soon
/// as the head is there, and reading slower than the client sends makes the client wait. `router::max_body`
/// counts for the whole; the time is `limits::body_time` plus a second for each `limits::body_rate` bytes.
/// A handler may answer without reading to the end: the connection then closes after the answer.
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
    explicit body_reader(detail::running_exchange& of) noexcept : exchange_(&of) {}

    /// The next piece, decoded from chunks; empty at the end. The view lives until the next call.
    /// errc::too_large (413), invalid_argument (400: malformed chunks, or the connection ended before the
    /// body), deadline_exceeded (408), cancelled. After an error every further call repeats it.
    task<result<std::string_view>> read();

    /// All that is left, up to `most` bytes; errc::too_large beyond.
    task<result<std::string>> read_all(std::size_t most);

    /// The fields that followed the body, once it has been read to its end; see request::trailers.
    const header_list& trailers() const noexcept;

    /// The announced size; nothing when the body comes in chunks.
    std::optional<std::uint64_t> size() const noexcept;

private:
    detail::running_exchange* exchange_;
};

template<>
struct extractor<body_reader> {
    static result<body_reader> from(request& req);
};

} // namespace weir::http

namespace weir {
using http::body_reader;
} // namespace weir
