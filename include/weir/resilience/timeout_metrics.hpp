// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/timeout.hpp>

#include <string_view>

namespace weir {

/// Exports a timeout's timeout_calls_total and timeout_exceeded_total, with the label `name`. It must outlive the
/// metrics. Throws std::invalid_argument for a duplicate name.
void measure(metrics& to, const timeout& of, std::string_view name);

} // namespace weir
