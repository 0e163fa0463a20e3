// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_store.hpp>
#include <weir/core/loop.hpp>
#include <weir/redis/client.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::redis {

struct cache_store_options {
    std::string prefix = "cache:";             ///< of the keys on the server, in front of the cache's own prefix
    std::string channel = "cache:erasures";    ///< of the announcements; all instances must use the same
    duration lease = std::chrono::seconds(60); ///< how long a load may take and still be stored; at least 1 ms
};

struct cache_feed_stats {
    bool connected = false;     ///< the announcements arrive
    std::uint64_t received = 0; ///< announcements
    std::uint64_t gaps = 0;     ///< reported to the feeds, including the one of the first connection
    std::uint64_t refused = 0;  ///< values whose lease an erasure had ended
};

/// A weir::cache_store on Redis. A value is a key with an expiry; a miss leaves a lease in its place, which an erasure
/// deletes (Nishtala et al. 2013, section 3.2.1). Erasures are announced by PUBLISH. The gap that follows each
/// connection of the feed empties the level 1 of the caches, so that they miss no erasure. Each call is one round trip
/// and one key, so a cluster will do. Redis replicates asynchronously: a failover may undo an erasure, and the old
/// value then lives until its expiry. The calls may come from any loop.
///
///     weir::redis::cache_store store(db, loop);
///     weir::shared_cache<std::string, page> rooms(store, {.prefix = "rooms:", .ttl = 10min});
class cache_store final : public weir::cache_store {
public:
    /// Listens on `home`: create and destroy the store on that loop's thread, or while it doesn't run. The client must
    /// outlive the store. Throws error_exception (errc::invalid_argument) for options out of range.
    cache_store(client& on, loop& home, cache_store_options options = {});
    cache_store(const cache_store&) = delete;
    cache_store& operator=(const cache_store&) = delete;
    ~cache_store() override;

    task<result<cache_store_entry>> get(std::string_view key) override;
    task<result<bool>> set(std::string_view key, std::string_view value, duration ttl, std::uint64_t lease) override;
    task<result<void>> erase(std::string_view key) override;
    [[nodiscard]] std::shared_ptr<void> subscribe(std::string_view prefix, cache_feed to) override;

    cache_feed_stats stats() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace weir::redis
