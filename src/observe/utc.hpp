// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <string>

namespace weir::detail {

/// Appends `2026-01-01T00:00:00.000000Z` (RFC 3339). The text of a second is kept per thread.
void append_utc(std::string& out, wall_time at);

} // namespace weir::detail
