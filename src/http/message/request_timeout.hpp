// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The caller's remaining time in whole milliseconds: `Request-Timeout-Ms: 250`.
inline constexpr std::string_view request_timeout_field = "Request-Timeout-Ms";

/// Parses one to ten digits, as in Connect's Connect-Timeout-Ms; nothing for any other value.
std::optional<duration> parse_request_timeout(std::string_view value) noexcept;
/// Returns the field's line with its line end. Rounded down, but a positive time never becomes 0.
std::string request_timeout_line(duration left);

/// Attached to a request's context: the time at which its caller gives up.
struct caller_deadline {
    time_point at = time_point::max();
};

} // namespace weir::http::detail
