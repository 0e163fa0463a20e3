// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/hedge.hpp>

#include <string_view>

namespace weir {

/// Exports a hedge's hedge_calls_total, _hedged_total, _won_total and _budget_refused_total, with the label `name`. It
/// must outlive the metrics. Throws std::invalid_argument for a duplicate name.
void measure(metrics& to, const hedge& of, std::string_view name);

} // namespace weir
