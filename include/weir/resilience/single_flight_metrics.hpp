// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/single_flight.hpp>

#include <functional>
#include <string_view>

namespace weir {

namespace resilience::detail {

void measure_flights(metrics& to, std::function<single_flight_stats()> read, std::string_view name);

} // namespace resilience::detail

/// Exports a single_flight's single_flight_calls_total, _runs_total, _shared_total and _handed_over_total, with the
/// label `name`. It must outlive the metrics. Throws std::invalid_argument for a duplicate name.
template<class T>
void measure(metrics& to, const single_flight<T>& of, std::string_view name) {
    resilience::detail::measure_flights(
        to, [&of] { return of.stats(); }, name);
}

} // namespace weir
