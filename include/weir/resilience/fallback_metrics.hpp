// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/fallback.hpp>

#include <functional>
#include <string_view>

namespace weir {

namespace resilience::detail {

void measure_fallback(metrics& to, std::function<fallback_stats()> read, std::string_view name);

} // namespace resilience::detail

/// Exports a fallback's fallback_calls_total, fallback_used_total and fallback_failed_total, with the label `name`. It
/// must outlive the metrics. Throws std::invalid_argument for a duplicate name.
template<class T>
void measure(metrics& to, const fallback<T>& of, std::string_view name) {
    resilience::detail::measure_fallback(
        to, [&of] { return of.stats(); }, name);
}

} // namespace weir
