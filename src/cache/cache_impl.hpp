// SPDX-License-Identifier: MIT
#pragma once

#include "cache/eviction_policy.hpp"
#include "cache/node_table.hpp"
#include <weir/cache/detail/cache_core.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace weir::detail {

/// A load in progress and the callers that wait for it. Guarded by the lock of its key's stripe.
struct cache_load {
    explicit cache_load(cache_node& loads) noexcept : node(&loads), hash(loads.hash) {}

    cache_node* node; // null once the load has ended or its entry was erased
    const std::uint64_t hash;
    std::size_t callers = 0;
    bool ended = false;
    error failure{};                       // of the ended load
    std::shared_ptr<const void> dropped{}; // a value evicted meanwhile, to be destroyed without a lock
};

/// Some of the entries. Lookups note the entries that they use; the policy gets them in batches (Ding, Jiang and Zhang
/// 2009, "BP-Wrapper").
struct alignas(64) cache_stripe {
    static constexpr std::size_t most_touched = 16;
    enum counted : std::size_t { hits, stale_hits, negative_hits, misses, counts_size };

    std::mutex mutex{};
    node_table table{};
    std::array<cache_node*, most_touched> touched{};
    std::size_t touched_size = 0;
    std::array<std::uint64_t, counts_size> counts{};

    // Takes the node out of the table; the caller owns it.
    void remove(cache_node& node) noexcept;
};

/// Locks are taken in this order: the policy's, then a stripe's. Only a holder of the policy's lock holds a stripe's
/// lock and takes another one. A lookup, which holds a stripe's lock, only tries the policy's.
struct cache_core::impl {
    enum counted : std::size_t { loads, failed_loads, stale_on_error, refused };

    explicit impl(cache_options given);

    cache_stripe& stripe_of(std::uint64_t hash) noexcept { return stripes[hash >> 60]; }
    void touch(cache_stripe& in, cache_node& node) noexcept;
    void replay(cache_stripe& in) noexcept;
    // Makes the load's outcome not be stored. Requires the stripe's lock.
    static void detach_load(cache_node& node) noexcept;

    // Sets the value and times of an entry; gives the old value to the caller, who destroys it without a lock.
    std::shared_ptr<const void> set(cache_node& node, const cache_loaded& value, time_point now) noexcept;
    duration jittered(duration ttl) const noexcept;

    // The following require the policy's lock and, except for `shrink`, the stripe's.
    void account(cache_node& node, std::size_t weight) noexcept;
    // Removes the value or failure; the node stays if a load needs it.
    void empty(cache_stripe& in, cache_node& node, node_disposal& to) noexcept;
    void erase(cache_stripe& in, cache_node& node, node_disposal& to) noexcept;
    void sweep(cache_stripe& in, time_point now, node_disposal& to) noexcept;
    void shrink(node_disposal& to) noexcept;

    const cache_options options;
    const std::size_t batch; // lookups that a stripe notes before it gives them to the policy
    std::array<cache_stripe, 16> stripes{};
    resilience::detail::sharded_counts counts{};
    mutable std::mutex mutex{}; // guards the following
    eviction_policy policy;
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
    std::uint64_t erased = 0;
};

/// What the entry yields at that time, without regard to a load in progress.
cache_found found_at(const cache_node& node, time_point now);
/// Whether the source couldn't answer, as opposed to an answer such as errc::permission_denied.
bool is_outage(const error& failed) noexcept;

} // namespace weir::detail
