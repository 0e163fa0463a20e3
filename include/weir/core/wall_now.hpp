// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/task.hpp>

namespace weir {

/// The present time in UTC by the clock of the task's loop, which a test moves by hand.
///
///     added.created_at = co_await weir::wall_now();
task<wall_time> wall_now();

} // namespace weir
