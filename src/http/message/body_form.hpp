// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace weir::http::detail {

/// How the body of a streamed response is delimited.
enum class body_form : std::uint8_t {
    buffered,    // Content-Length is the size of `response::body`
    sized,       // Content-Length as announced
    chunked,     // RFC 9112 section 7.1
    until_close, // HTTP/1.0
    upgraded,    // 101: no body, another protocol
};

} // namespace weir::http::detail
