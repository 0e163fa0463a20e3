// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/redis/rate_limiter.hpp>

#include <string_view>

namespace weir {

/// Exports a limiter as rate_limiter_allowed_total, rate_limiter_refused_total, rate_limiter_local_decisions_total,
/// rate_limiter_failures_total by reason (`unanswered`, `rejected`), rate_limiter_keys (of the local share) and
/// rate_limiter_degraded (1 while decisions are local), with the label `name`. The limiter must outlive the metrics.
/// Throws std::invalid_argument for a duplicate name.
void measure(metrics& to, const redis::rate_limiter& of, std::string_view name);

} // namespace weir
