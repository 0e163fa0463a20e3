// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <string_view>

namespace weir::mqtt {

/// Checks the name of a topic to publish to: 1 to 65,535 bytes of UTF-8 without NUL and without the wildcards `+` and
/// `#` (MQTT 3.1.1, 4.7). errc::invalid_argument says what is wrong and where.
result<void> check_topic(std::string_view topic);

/// Checks a filter to subscribe to: as a topic, but `+` may stand for one whole level (`room/+/light`) and `#`, as the
/// last level, for all levels below (`room/#`).
result<void> check_filter(std::string_view filter);

/// Whether a valid filter selects a valid topic. Wildcards in the first level select no topic that begins with `$`.
bool matches(std::string_view filter, std::string_view topic) noexcept;

} // namespace weir::mqtt
