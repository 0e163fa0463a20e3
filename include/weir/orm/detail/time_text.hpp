// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

/// Appends a time in its stored form; returns false outside the years 0 to 9999.
bool print_time(wall_time time, std::string& to);
/// Reads the format of print_time and those of databases and other tools: `2026-11-23 08:30:00`, `2026-11-23
/// 08:30:00.5+00`, `2026-11-23T08:30:00.123456789+08:00`. A time without an offset is UTC; digits beyond microseconds
/// are dropped.
bool parse_time(std::string_view text, wall_time& to);

} // namespace weir::orm
