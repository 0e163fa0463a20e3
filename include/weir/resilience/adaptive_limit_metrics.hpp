// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/adaptive_limit.hpp>

#include <string_view>

namespace weir {

/// Exports an adaptive_limit with the label `name`: adaptive_limit, adaptive_limit_in_flight,
/// adaptive_limit_latency_seconds (the last window's mean), adaptive_limit_min_latency_seconds and
/// adaptive_limit_probes_total; and with the label `class` too: adaptive_limit_share, adaptive_limit_admitted_total and
/// adaptive_limit_refused_total. The limit must outlive the metrics' scrapes. Throws std::invalid_argument for a
/// duplicate name.
void measure(metrics& to, const adaptive_limit& of, std::string_view name);

} // namespace weir
