// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http::detail {

/// Whether a string is `host[:port]` (RFC 3986 section 3.2.2, RFC 9110 section 7.2): a non-empty name or IPv4 address,
/// or an IPv6 address in brackets; after the colon a port of 0 to 65535 or nothing. Percent-encoded names are refused:
/// no DNS name needs them, and servers interpret them differently.
bool valid_authority(std::string_view text) noexcept;

} // namespace weir::http::detail
