// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/redis/lock.hpp>

#include <string_view>

namespace weir {

/// Exports redis_locks_acquired_total, redis_locks_refused_total, redis_locks_lost_total, redis_lock_renewals_total by
/// outcome (`renewed`, `failed`) and redis_locks_held, with the label `name`. The lock must outlive the metrics. Throws
/// std::invalid_argument for a duplicate name.
void measure(metrics& to, const redis::lock& of, std::string_view name);

} // namespace weir
