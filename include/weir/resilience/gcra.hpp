// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/rate_decision.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace weir::resilience::detail {

// The generic cell rate algorithm (ITU-T I.371, annex A): the token bucket, kept as one number, the theoretical arrival
// time. The bucket is full when that is past; each permit moves it by `interval`, and no further than `burst` of them
// beyond now. In nanoseconds of the monotonic clock; decides without I/O.
struct gcra_rule {
    using state = std::int64_t; // 0 for a full bucket
    // The longest a bucket takes to fill, and the furthest that permits are reserved ahead: sums don't overflow.
    static constexpr std::int64_t longest = std::int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

    std::int64_t interval = 0; // of a permit; 0 where there is no limit
    std::uint64_t burst = 0;   // 0 where none is allowed

    // Throws std::invalid_argument: `of` is the limiter that the options belong to.
    static gcra_rule from(double rate, duration per, std::uint64_t burst, std::string_view of);

    bool unlimited() const noexcept { return interval == 0; }
    // Takes `n` permits, or leaves `arrival` as it is.
    bool take(state& arrival, std::int64_t now, std::uint64_t n) const noexcept {
        if (n - 1 >= burst || interval == 0) [[unlikely]] // 0 - 1 is the largest
            return interval == 0 || n == 0;
        std::int64_t cost = 0;
        std::int64_t slack = 0; // interval and burst may be of two rules, while another thread sets them
        if (__builtin_mul_overflow(interval, n, &cost) || __builtin_mul_overflow(interval, burst - n, &slack))
            return false;
        const std::int64_t ahead = ahead_of(arrival, now);
        if (ahead > slack) return false;
        arrival = now + ahead + cost;
        return true;
    }
    // Takes `n` permits, however long they are to be waited for; wait_for() has found that they can be had.
    state reserved(state arrival, std::int64_t now, std::uint64_t n) const noexcept {
        std::int64_t cost = 0;
        if (__builtin_mul_overflow(interval, n, &cost)) cost = longest;
        return now + ahead_of(arrival, now) + cost;
    }
    // What is to be said after `take`.
    rate_decision describe(state arrival, bool allowed, std::int64_t now, std::uint64_t n) const noexcept;
    // How long `n` permits are to be waited for; rate_decision::never where they can't be had.
    duration wait_for(state arrival, std::int64_t now, std::uint64_t n) const noexcept;
    // The same number of permits owed, in the time of another rule.
    state converted(state arrival, std::int64_t now, const gcra_rule& to) const noexcept;

    // When the bucket is full: nothing is lost by forgetting it then, and the later, the more is.
    std::int64_t fresh_at(state arrival) const noexcept { return arrival; }
    std::int64_t weight(state arrival) const noexcept { return arrival; }

    static std::int64_t ahead_of(state arrival, std::int64_t now) noexcept { return arrival > now ? arrival - now : 0; }
};

} // namespace weir::resilience::detail
