// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Appends a point in time in RFC 3339 format, in UTC: `2026-11-23T08:47:12Z`, with three or six fractional digits if
/// they aren't zero. Times outside the four-digit years are clamped.
void append_rfc3339(std::string& out, wall_time time);

/// Parses RFC 3339 with `Z` or an offset (`2026-11-23T16:47:12.5+08:00`). Digits below a microsecond are cut off, and a
/// leap second becomes the second after it. Returns nothing for any other text or a day that doesn't exist.
std::optional<wall_time> parse_rfc3339(std::string_view text) noexcept;

/// Appends a day as an RFC 3339 full-date: `2026-11-23`. Days outside the years 0000 to 9999 are clamped to them.
void append_rfc3339_date(std::string& out, std::chrono::sys_days day);

/// Parses `2026-11-23`. Returns nothing for any other text or a day that doesn't exist.
std::optional<std::chrono::sys_days> parse_rfc3339_date(std::string_view text) noexcept;

} // namespace weir
