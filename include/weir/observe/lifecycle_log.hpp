// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/lifecycle.hpp>
#include <weir/observe/log.hpp>

namespace weir {

/// Logs each step of a lifecycle with its part's name and how long it took: `lifecycle parts(log_lifecycle(log))`.
/// A step that began is debug, one that ended well info, one that was cut at its deadline warn, a failure error.
lifecycle::observer log_lifecycle(logger log);

} // namespace weir
