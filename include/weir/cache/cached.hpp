// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>

#include <memory>
#include <optional>

namespace weir {

/// A value handed out by a cache, shared with it and immutable.
template<class V>
struct cached {
    std::shared_ptr<const V> value{};
    duration age{};      ///< since it was loaded
    bool stale = false;  ///< older than its time to live
    bool loaded = false; ///< by this call or one that it waited for, not found in the cache
    error failure{};     ///< why it is stale: the last load's error; no error while it is being refreshed

    const V& operator*() const noexcept { return *value; }
    const V* operator->() const noexcept { return value.get(); }
};

/// What a loader may return in place of a V, to give one value its own times; unset ones come from
/// cache_options.
template<class V>
struct loaded_value {
    std::shared_ptr<const V> value{}; ///< null: there is none
    std::optional<duration> ttl{};
    std::optional<duration> stale_while_revalidate{};
    std::optional<duration> stale_if_error{};
    duration age{};   ///< time since the value was made, which its time to live includes
    bool keep = true; ///< false: for the waiting callers only
};

} // namespace weir
