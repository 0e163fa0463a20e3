// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/json_sink.hpp>

namespace weir::detail {

/// Appends `2026-01-01T00:00:00.000000Z`, always with six digits to align log columns. Each thread caches the text of
/// the current second, so most lines only format the fraction.
void append_utc(json_sink& out, wall_time at);

} // namespace weir::detail
