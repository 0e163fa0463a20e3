// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// What a cache_store knows about a key.
struct cache_store_entry {
    std::optional<std::string> value{};
    duration ttl{};          ///< left, if there is a value
    std::uint64_t lease = 0; ///< to be passed to `set`, if there is none
};

/// Called by a cache_store, on any thread. The functions must not throw.
struct cache_feed {
    std::function<void(std::string_view key)> on_erase{}; ///< the key was erased, by any instance
    std::function<void()> on_gap{};                       ///< calls of on_erase may have been lost
};

/// The second level of a shared_cache: values as bytes, shared by the instances of a service. The calls may come from
/// any loop; strings passed to them are valid until the task ends. A call must end soon after its cancellation. The
/// errors errc::unavailable and errc::deadline_exceeded count as an outage of the store.
class cache_store {
public:
    virtual ~cache_store() = default;

    virtual task<result<cache_store_entry>> get(std::string_view key) = 0;
    /// Stores a value unless the key was erased after `get` had returned the lease; returns whether it did. So a value
    /// read from the source before a change can't replace the erasure that follows the change (Nishtala et al. 2013,
    /// "Scaling Memcache at Facebook", section 3.2.1). A lease of 0 stores in any case.
    virtual task<result<bool>> set(std::string_view key, std::string_view value, duration ttl, std::uint64_t lease) = 0;
    /// Removes a value and announces it to the feeds of all instances.
    virtual task<result<void>> erase(std::string_view key) = 0;

    /// Calls `to` for keys with this prefix until the returned handle is destroyed. Calls on_gap each time the
    /// connection that carries the announcements has been replaced.
    [[nodiscard]] virtual std::shared_ptr<void> subscribe(std::string_view prefix, cache_feed to) = 0;
};

} // namespace weir
