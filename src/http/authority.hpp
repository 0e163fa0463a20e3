// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http {

/// Whether a text is `host[:port]` (RFC 3986 section 3.2.2, RFC 9110 section 7.2): a name or an IPv4
/// address that isn't empty, or an IPv6 address in brackets; a port of 0 to 65535 or none after the colon.
/// Percent-encoded names are refused: no DNS name needs them, and two servers rarely agree on them.
bool valid_authority(std::string_view text) noexcept;

} // namespace weir::http
