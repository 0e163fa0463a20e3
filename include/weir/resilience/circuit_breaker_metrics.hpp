// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/circuit_breaker.hpp>

#include <string_view>

namespace weir {

/// Exports a breaker's circuit_breaker_state (1 for the current state, 0 for the others), _calls_total by outcome,
/// _slow_calls_total, _not_permitted_total, _opened_total, _failure_rate and _slow_call_rate (0 to 1, of the calls in
/// the window), with the label `name`. The breaker must outlive the metrics. Throws std::invalid_argument for a
/// duplicate name.
void measure(metrics& to, const circuit_breaker& of, std::string_view name);

} // namespace weir
