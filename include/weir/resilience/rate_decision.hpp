// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

namespace weir {

/// A rate limiter's decision on a request, and what it allows afterwards.
struct [[nodiscard]] rate_decision {
    static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
    static constexpr duration never = duration::max();

    bool allowed = false;
    std::uint64_t limit = 0;     ///< the burst, or the permits of a window; no_limit: everything is allowed
    std::uint64_t remaining = 0; ///< of the limit, at this moment
    duration window{};           ///< in which that many are allowed
    duration retry_after{};      ///< until the permits are available; zero if allowed, `never` if impossible
    duration reset_after{};      ///< until all permits are available again

    explicit operator bool() const noexcept { return allowed; }
    /// The refusal as errc::resource_exhausted, with `retry_after` rounded up to whole seconds, or without it if it is
    /// `never`. Doesn't allocate for a wait of at most a minute that the calling thread has used before.
    error refusal() const;

    bool operator==(const rate_decision&) const = default;
};

/// A refusal, for a rate limiter's `on_event`. It is called on the refused thread, outside of locks, possibly by
/// several threads at once; its exceptions are ignored.
struct rate_limit_event {
    std::string_view key{}; ///< of a keyed limiter
    rate_decision refused{};
};

struct rate_limiter_stats {
    std::uint64_t allowed = 0; ///< calls over all time, whatever their number of permits
    std::uint64_t refused = 0;
};

} // namespace weir
