// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// A date of HTTP, whose smallest unit is the second.
using http_time = std::chrono::sys_seconds;

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). Years beyond 1..9999 are clamped.
std::string format_http_date(http_time time);

/// All three forms that RFC 9110 lets a sender use; nothing for any other text, or a day that doesn't exist.
/// A year of two digits is taken as lying at most 50 years after `now`.
std::optional<http_time> parse_http_date(std::string_view text, http_time now);

} // namespace weir::http::detail
