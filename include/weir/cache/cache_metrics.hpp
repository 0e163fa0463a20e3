// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_options.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>
#include <string_view>

namespace weir {

template<class K, class V>
class cache;
template<class K, class V>
class shared_cache;
struct shared_cache_stats;

namespace detail {

void measure_cache(metrics& to, std::function<cache_stats()> read, std::string_view name);
void measure_shared_cache(metrics& to, std::function<shared_cache_stats()> read, std::string_view name);

} // namespace detail

/// Exports cache_lookups_total with the label `outcome` (hit, stale, negative, miss), cache_loads_total,
/// cache_failed_loads_total, cache_stale_on_error_total, cache_stored_total, cache_refused_total, cache_removed_total
/// with the label `reason` (evicted, expired, erased), cache_entries and cache_bytes, all with the label `name`. The
/// cache must outlive the metrics. Throws std::invalid_argument for a duplicate name.
template<class K, class V>
void measure(metrics& to, const cache<K, V>& of, std::string_view name) {
    detail::measure_cache(
        to, [&of] { return of.stats(); }, name);
}

/// Exports the same of level 1, and of the store cache_store_calls_total with the label `outcome` (hit, miss, failed,
/// skipped), cache_store_written_total, cache_store_outdated_total, cache_store_undecodable_total,
/// cache_store_announced_total, cache_store_gaps_total, cache_store_unsent_erasures and cache_store_available (0 or 1).
template<class K, class V>
void measure(metrics& to, const shared_cache<K, V>& of, std::string_view name) {
    detail::measure_shared_cache(
        to, [&of] { return of.stats(); }, name);
}

} // namespace weir
