// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/lifecycle.hpp>
#include <weir/observe/log.hpp>

namespace weir {

/// Logs each step of a lifecycle with its part's name and duration: `lifecycle parts(log_lifecycle(log))`. Levels:
/// debug for a step's start, info for its success, warn for a step cut off at its deadline, error for a failure.
lifecycle::observer log_lifecycle(logger log);

} // namespace weir
