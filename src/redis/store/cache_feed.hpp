// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_store.hpp>
#include <weir/redis/cache_store.hpp>
#include <weir/redis/subscription.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

/// The feeds of a store's caches. Thread-safe.
class cache_feeds {
public:
    std::shared_ptr<void> add(std::string_view prefix, weir::cache_feed to);
    void erased(std::string_view key);
    void gap();
    void set_connected(bool value) noexcept { connected_ = value; }
    /// Ends `follow_erasures` if it hasn't begun.
    void close() noexcept { closed_ = true; }
    bool closed() const noexcept { return closed_; }

    void describe(cache_feed_stats& shown) const noexcept;

private:
    struct listener {
        std::string prefix;
        weir::cache_feed to;
    };

    std::vector<std::shared_ptr<listener>> listeners();

    std::mutex mutex_{};
    std::vector<std::weak_ptr<listener>> all_{}; // guarded by the mutex
    std::atomic<bool> connected_{false};
    std::atomic<bool> closed_{false};
    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::uint64_t> gaps_{0};
};

/// Passes the messages of a channel to the feeds until it is cancelled.
task<void> follow_erasures(client& on, loop& home, std::string channel, std::string prefix,
                           std::shared_ptr<cache_feeds> to);

} // namespace weir::redis::detail
