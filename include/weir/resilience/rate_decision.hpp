// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

namespace weir {

/// What a rate limiter decides about a request, and what it still allows afterwards.
struct [[nodiscard]] rate_decision {
    static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
    static constexpr duration never = duration::max();

    bool allowed = false;
    std::uint64_t limit = 0;     ///< permits at once: the burst, or those of a window; no_limit where all is allowed
    std::uint64_t remaining = 0; ///< of them, at this moment
    duration window{};           ///< for which that many are allowed
    duration retry_after{};      ///< until as many permits are there; zero when allowed, `never` where they can't be
    duration reset_after{};      ///< until all permits are there again

    explicit operator bool() const noexcept { return allowed; }
    /// A refusal as errc::resource_exhausted, with `retry_after` in whole seconds, rounded up; without where it is
    /// `never`. Allocates nothing for a wait that the calling thread has met before and that is a minute at most.
    error refusal() const;

    bool operator==(const rate_decision&) const = default;
};

/// A refusal, for `on_event` of a rate limiter. It is called on the thread that was refused, outside of locks, by
/// several threads at once; what it throws is ignored.
struct rate_limit_event {
    std::string_view key{}; ///< of a keyed limiter
    rate_decision refused{};
};

struct rate_limiter_stats {
    std::uint64_t allowed = 0; ///< calls, whatever their number of permits; over all time, as the next one
    std::uint64_t refused = 0;
};

} // namespace weir
