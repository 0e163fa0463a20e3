// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/rate_decision.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace weir::resilience::detail {

// The generic cell rate algorithm (ITU-T I.371, annex A): a token bucket kept as one number, the theoretical arrival
// time. The bucket is full once that time has passed; each permit advances it by `interval`, to at most `burst`
// intervals from now. In nanoseconds of the monotonic clock. Pure computation, no I/O.
struct gcra_rule {
    using state = std::int64_t; // 0: a full bucket
    // The longest time to fill a bucket, and the furthest reservation; keeps sums from overflowing.
    static constexpr std::int64_t longest = std::int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

    std::int64_t interval = 0; // time per permit; 0: no limit
    std::uint64_t burst = 0;   // 0: nothing is allowed

    // Throws std::invalid_argument. `of` names the limiter in the message.
    static gcra_rule from(double rate, duration per, std::uint64_t burst, std::string_view of);

    bool unlimited() const noexcept { return interval == 0; }
    // Takes `n` permits, or leaves `arrival` unchanged.
    bool take(state& arrival, std::int64_t now, std::uint64_t n) const noexcept {
        if (n - 1 >= burst || interval == 0) [[unlikely]] // 0 - 1 wraps to the largest value
            return interval == 0 || n == 0;
        std::int64_t cost = 0;
        std::int64_t slack = 0; // interval and burst may come from two rules while another thread sets them
        if (__builtin_mul_overflow(interval, n, &cost) || __builtin_mul_overflow(interval, burst - n, &slack))
            return false;
        const std::int64_t ahead = ahead_of(arrival, now);
        if (ahead > slack) return false;
        arrival = now + ahead + cost;
        return true;
    }
    // Takes `n` permits regardless of the wait. Call wait_for() first, to check that it is possible.
    state reserved(state arrival, std::int64_t now, std::uint64_t n) const noexcept {
        std::int64_t cost = 0;
        if (__builtin_mul_overflow(interval, n, &cost)) cost = longest;
        return now + ahead_of(arrival, now) + cost;
    }
    // The decision to report after `take`.
    rate_decision describe(state arrival, bool allowed, std::int64_t now, std::uint64_t n) const noexcept;
    // The wait for `n` permits; rate_decision::never if they can't be granted.
    duration wait_for(state arrival, std::int64_t now, std::uint64_t n) const noexcept;
    // The state with the same number of permits owed under another rule.
    state converted(state arrival, std::int64_t now, const gcra_rule& to) const noexcept;

    // The time from which the entry can be dropped without loss. A later time means that more is lost.
    std::int64_t fresh_at(state arrival) const noexcept { return arrival; }
    std::int64_t weight(state arrival) const noexcept { return arrival; }

    static std::int64_t ahead_of(state arrival, std::int64_t now) noexcept { return arrival > now ? arrival - now : 0; }
};

} // namespace weir::resilience::detail
