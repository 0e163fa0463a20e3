// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// A time in HTTP, with a resolution of one second.
using http_time = std::chrono::sys_seconds;

/// Formats `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). Years beyond 1..9999 are clamped.
std::string format_http_date(http_time time);

/// Parses all three date formats of RFC 9110; nothing for any other string or a day that doesn't exist. A two-digit
/// year is at most 50 years after `now`.
std::optional<http_time> parse_http_date(std::string_view text, http_time now);

} // namespace weir::http::detail
