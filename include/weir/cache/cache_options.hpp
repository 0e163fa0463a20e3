// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace weir {

/// Which entry leaves a full cache.
enum class cache_eviction : std::uint8_t {
    /// The one used less often of the newest and the oldest entry: W-TinyLFU (Einziger, Friedman and Manes 2017,
    /// https://dl.acm.org/doi/10.1145/3149371). Entries that are asked for once don't displace popular ones.
    w_tiny_lfu,
    lru, ///< the least recently used one
};

struct cache_options {
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

    std::size_t size = 10'000;              ///< entries; 0 keeps none, so that only concurrent loads are shared
    std::size_t bytes = no_limit;           ///< of all entries, as the cache's weigher counts them; never exceeded
    duration ttl = std::chrono::minutes(5); ///< how long a value is fresh; zero: never, max(): until it is evicted
    double ttl_jitter = 0.1;                ///< the share of `ttl` by which it is shortened at random; 0 to 1
    duration negative_ttl = std::chrono::seconds(1); ///< how long the cache remembers that there is no value
    /// How long a failed load is remembered; meanwhile its key gets the error, or a stale value, without a new load.
    duration error_ttl = std::chrono::milliseconds(100);
    /// How long after `ttl` a stale value is served while one caller or a background task loads a new one (RFC 5861).
    duration stale_while_revalidate{};
    duration stale_if_error{};           ///< how long after `ttl` a stale value is served if the load fails (RFC 5861)
    duration max_wait = duration::max(); ///< limit of a load, which then fails with errc::deadline_exceeded
    cache_eviction eviction = cache_eviction::w_tiny_lfu;
    std::function<double()> random{};          ///< numbers in [0, 1) for the jitter; by default the thread's generator
    const weir::clock* time = &system_clock(); ///< must outlive the cache
};

/// Each lookup counts as one of the first four.
struct cache_stats {
    std::uint64_t hits = 0;           ///< lookups that found a fresh value
    std::uint64_t stale_hits = 0;     ///< lookups that found a value to serve while a new one is loaded
    std::uint64_t negative_hits = 0;  ///< lookups that found a remembered absence or failure
    std::uint64_t misses = 0;         ///< all other lookups
    std::uint64_t loads = 0;          ///< loads that have ended, without the cancelled ones
    std::uint64_t failed_loads = 0;   ///< loads that returned an error other than errc::not_found
    std::uint64_t stale_on_error = 0; ///< failed loads that were answered with a stale value
    std::uint64_t stored = 0;         ///< values stored by loads and `put`
    std::uint64_t refused = 0; ///< values that weren't stored: too large, erased while loading, or not to be kept
    std::uint64_t evicted = 0; ///< entries removed because of `size` or `bytes`
    std::uint64_t expired = 0; ///< entries removed because of their age
    std::uint64_t erased = 0;  ///< entries removed by `erase` and `clear`
    std::size_t entries = 0;   ///< with those that are too old but not removed yet
    std::size_t bytes = 0;
};

} // namespace weir
