// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

/// How much time a caller still has, in whole milliseconds: `Request-Timeout-Ms: 250`.
inline constexpr std::string_view request_timeout_field = "Request-Timeout-Ms";

/// One to ten digits, as in Connect's Connect-Timeout-Ms; none for anything else.
std::optional<duration> parse_request_timeout(std::string_view value) noexcept;
/// The field's line with its end. Rounded down, but never to 0 what is more.
std::string request_timeout_line(duration left);

/// Attached to a request's context: when its caller gives up, whatever time the server has for it.
struct caller_deadline {
    time_point at = time_point::max();
};

} // namespace weir::http
