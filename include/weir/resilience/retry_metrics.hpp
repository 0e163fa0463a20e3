// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/retry.hpp>

#include <string_view>

namespace weir {

/// Exports a retry's retry_calls_total, _attempts_total, _recovered_total and _gave_up_total by reason (`exhausted`,
/// `budget`, `too_late`), with the label `name`. It must outlive the metrics. Throws std::invalid_argument for a
/// duplicate name.
void measure(metrics& to, const retry& of, std::string_view name);

/// Exports a budget's retry_budget_granted_total, _refused_total and _balance in the same way.
void measure(metrics& to, const retry_budget& of, std::string_view name);

} // namespace weir
