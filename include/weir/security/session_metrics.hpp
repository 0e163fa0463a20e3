// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/security/session_store.hpp>

#include <string_view>

namespace weir {

/// Exports a store's sessions_active, sessions_bytes, and sessions_total by event (`created`, `loaded`, `missing`,
/// `saved`, `touched`, `rotated`, `erased`, `expired`, `evicted`, `refused`, `lost`, `failed`), with the label `name`.
/// The store must outlive the metrics. Throws std::invalid_argument for a duplicate name.
void measure(metrics& to, const session_store& of, std::string_view name);

} // namespace weir
