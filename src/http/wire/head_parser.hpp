// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/request_head.hpp"

#include <cstdint>
#include <string_view>

namespace weir::http::detail {

enum class head_status : std::uint8_t { complete, incomplete, refused };

/// The result of parsing; a refused head is answered with the status and ends the connection.
struct head_verdict {
    head_status status = head_status::incomplete;
    std::uint16_t http_status = 0; ///< 400, 414, 417, 431, 501 or 505 when refused
    const char* reason = "";       ///< static text for the error body
};

/// Parses one request head from the start of `bytes` (RFC 9112, strictly: nothing that two servers could read
/// differently is accepted). Skips one optional leading CRLF. Stateless: an incomplete head is parsed again from its
/// start when more bytes have arrived. An error is reported at the first byte that makes the head invalid, and every
/// split of an input gets the same verdict as the whole.
head_verdict parse_head(std::string_view bytes, const head_limits& limits, request_head& out) noexcept;

/// Replaces the Host field's value by the authority of an absolute-form target, since an origin server must ignore the
/// field then (RFC 9112 section 3.2.2). Other heads are unchanged.
inline void replace_host(request_head& head) noexcept {
    const auto index = head.first_known[static_cast<std::size_t>(known_field::host)];
    if (!head.has_absolute_target() || index == 0) return;
    head.fields[index - 1U].value = head.authority;
    head.fields[index - 1U].value_size = head.authority_size;
}

/// Whether to parse an incomplete head again: a line end or another KiB has arrived. `scanned` starts at 0 and is kept
/// by the caller. With the field limit this keeps the cost of a slowly arriving head linear.
bool may_complete(std::string_view bytes, std::uint32_t& scanned) noexcept;

} // namespace weir::http::detail
