// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/json_sink.hpp>

namespace weir::detail {

/// Appends `2026-01-01T00:00:00.000000Z`, always with six digits, which keeps a log in columns. The text of a
/// second is kept per thread, so that most lines cost the digits of the fraction alone.
void append_utc(json_sink& out, wall_time at);

} // namespace weir::detail
