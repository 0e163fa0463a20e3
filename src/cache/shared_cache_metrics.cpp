// SPDX-License-Identifier: MIT
#include <weir/cache/cache_metrics.hpp>
#include <weir/cache/shared_cache.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

void measure_shared_cache(metrics& to, std::function<shared_cache_stats()> read, std::string_view name) {
    measure_cache(
        to, [read] { return read().level1; }, name);
    const metric_label named{"name", std::string(name)};
    const auto count = [&](const char* metric, const char* help, std::uint64_t shared_cache_stats::*value,
                           const char* outcome = nullptr) {
        std::vector<metric_label> labels{named};
        if (outcome) labels.push_back({"outcome", outcome});
        to.counter_from(metric, help, std::move(labels), [read, value] { return static_cast<double>(read().*value); });
    };
    constexpr const char* calls = "cache_store_calls_total";
    constexpr const char* calls_help = "Calls to a cache's store by outcome";
    count(calls, calls_help, &shared_cache_stats::store_hits, "hit");
    count(calls, calls_help, &shared_cache_stats::store_misses, "miss");
    count(calls, calls_help, &shared_cache_stats::store_failures, "failed");
    count(calls, calls_help, &shared_cache_stats::store_skipped, "skipped");
    count("cache_store_written_total", "Values written to the store", &shared_cache_stats::written);
    count("cache_store_outdated_total", "Values that an erasure outdated", &shared_cache_stats::outdated);
    count("cache_store_undecodable_total", "Stored bytes that aren't a value", &shared_cache_stats::undecodable);
    count("cache_store_announced_total", "Announced erasures", &shared_cache_stats::announced);
    count("cache_store_gaps_total", "Gaps in the announcements", &shared_cache_stats::gaps);
    to.gauge_from("cache_store_unsent_erasures", "Erasures that the store hasn't got", {named}, [read] {
        return static_cast<double>(read().unsent_erasures);
    });
    to.gauge_from("cache_store_available", "Whether a cache uses its store", {named}, [read] {
        return read().store_available ? 1.0 : 0.0;
    });
}

} // namespace weir::detail
