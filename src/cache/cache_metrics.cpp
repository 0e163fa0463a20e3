// SPDX-License-Identifier: MIT
#include <weir/cache/cache_metrics.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

namespace {

using cache_reader = std::function<cache_stats()>;
using labels = std::vector<metric_label>;

template<class Value>
std::function<double()> reading(const cache_reader& read, Value cache_stats::*value) {
    return [read, value] { return static_cast<double>(read().*value); };
}

} // namespace

void measure_cache(metrics& to, cache_reader read, std::string_view name) {
    const std::string of(name);
    const auto count = [&](const char* metric, const char* help, std::uint64_t cache_stats::*value, labels more = {}) {
        more.insert(more.begin(), {"name", of});
        to.counter_from(metric, help, std::move(more), reading(read, value));
    };
    constexpr const char* lookups = "cache_lookups_total";
    constexpr const char* lookups_help = "Lookups in a cache by outcome";
    count(lookups, lookups_help, &cache_stats::hits, {{"outcome", "hit"}});
    count(lookups, lookups_help, &cache_stats::stale_hits, {{"outcome", "stale"}});
    count(lookups, lookups_help, &cache_stats::negative_hits, {{"outcome", "negative"}});
    count(lookups, lookups_help, &cache_stats::misses, {{"outcome", "miss"}});
    count("cache_loads_total", "Loads of a cache's values", &cache_stats::loads);
    count("cache_failed_loads_total", "Loads that failed", &cache_stats::failed_loads);
    count("cache_stale_on_error_total", "Failed loads answered with a stale value", &cache_stats::stale_on_error);
    count("cache_stored_total", "Values stored", &cache_stats::stored);
    count("cache_refused_total", "Values not stored", &cache_stats::refused);
    constexpr const char* removed = "cache_removed_total";
    constexpr const char* removed_help = "Entries removed by reason";
    count(removed, removed_help, &cache_stats::evicted, {{"reason", "evicted"}});
    count(removed, removed_help, &cache_stats::expired, {{"reason", "expired"}});
    count(removed, removed_help, &cache_stats::erased, {{"reason", "erased"}});
    const labels named{{"name", of}};
    to.gauge_from("cache_entries", "Entries in a cache", named, reading(read, &cache_stats::entries));
    to.gauge_from("cache_bytes", "Bytes of a cache's entries", named, reading(read, &cache_stats::bytes));
}

} // namespace weir::detail
