// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/bulkhead.hpp>

#include <string_view>

namespace weir {

/// Exports a bulkhead's bulkhead_in_flight, _waiting, _max_concurrent, _admitted_total, _waited_total and
/// _refused_total by reason (`full`, `waited`), with the label `name`. The bulkhead must outlive the metrics. Throws
/// std::invalid_argument for a duplicate name.
void measure(metrics& to, const bulkhead& of, std::string_view name);

} // namespace weir
