// SPDX-License-Identifier: MIT
#include <weir/resilience/detail/window_rules.hpp>

#include <algorithm>
#include <limits>

namespace weir::resilience::detail {

namespace {

__extension__ typedef unsigned __int128 wide_count;

std::int64_t sum_of(std::int64_t a, std::int64_t b) noexcept {
    return weir::detail::sum(duration(a), duration(b)).count();
}

// The time after which `count` of `whole` permits have left the window, rounded down; counts are below 2^61.
std::int64_t share(std::int64_t window, std::uint64_t count, std::uint64_t whole) noexcept {
    return static_cast<std::int64_t>(wide_count{static_cast<std::uint64_t>(window)} * std::min(count, whole) / whole);
}

std::uint64_t left_of(std::uint64_t limit, std::uint64_t used) noexcept { return used < limit ? limit - used : 0; }

} // namespace

bool fixed_window_rule::take(state& at, std::int64_t now, std::uint64_t n) const noexcept {
    if (at.used != 0 && now >= sum_of(at.start, window)) at.used = 0;
    if (n == 0) return true;
    if (n > left_of(limit, at.used)) return false;
    if (at.used == 0) at.start = now;
    at.used += n;
    return true;
}

rate_decision fixed_window_rule::describe(const state& at, bool allowed, std::int64_t now,
                                          std::uint64_t n) const noexcept {
    rate_decision said{
        .allowed = allowed, .limit = limit, .remaining = left_of(limit, at.used), .window = duration(window)};
    if (at.used != 0) said.reset_after = duration(sum_of(at.start, window) - now);
    if (!allowed) said.retry_after = n > limit ? rate_decision::never : said.reset_after;
    return said;
}

std::int64_t fixed_window_rule::fresh_at(const state& at) const noexcept {
    return at.used == 0 ? at.start : sum_of(at.start, window);
}

std::int64_t fixed_window_rule::weight(const state& at) const noexcept {
    return limit == 0 ? at.start : sum_of(at.start, share(window, at.used, limit));
}

sliding_window_rule::state sliding_window_rule::rolled(state at, std::int64_t now) const noexcept {
    const std::int64_t next = sum_of(at.start, window);
    if (now >= next && now < sum_of(next, window)) at = {next, at.current, 0};
    if (now >= sum_of(at.start, window)) at = {at.start, 0, 0};
    if (at.previous == 0 && at.current == 0) at.start = std::max(at.start, now);
    return at;
}

std::int64_t sliding_window_rule::elapsed(const state& at, std::int64_t now) const noexcept {
    return std::clamp<std::int64_t>(now > at.start ? now - at.start : 0, 0, window);
}

// Rounded up, so that it never underestimates.
std::uint64_t sliding_window_rule::used(const state& at, std::int64_t now) const noexcept {
    const auto covered = static_cast<std::uint64_t>(window - elapsed(at, now));
    const auto whole = static_cast<std::uint64_t>(window);
    return at.current + static_cast<std::uint64_t>((wide_count{at.previous} * covered + whole - 1) / whole);
}

bool sliding_window_rule::take(state& at, std::int64_t now, std::uint64_t n) const noexcept {
    if (n == 0) return true;
    const state then = rolled(at, now);
    if (n > left_of(limit, used(then, now))) return false;
    at = then;
    at.current += n;
    return true;
}

rate_decision sliding_window_rule::describe(const state& at, bool allowed, std::int64_t now,
                                            std::uint64_t n) const noexcept {
    const state then = rolled(at, now);
    rate_decision said{.allowed = allowed, .limit = limit, .window = duration(window)};
    said.remaining = left_of(limit, used(then, now));
    const std::int64_t fresh_again = fresh_at(then);
    if (fresh_again > now) said.reset_after = duration(fresh_again - now);
    if (!allowed) said.retry_after = wait_for(then, now, n);
    return said;
}

// The time until enough of the previous permits have expired, in this window or the next.
duration sliding_window_rule::wait_for(const state& at, std::int64_t now, std::uint64_t n) const noexcept {
    if (n > limit) return rate_decision::never;
    const std::uint64_t room = limit - n;
    const std::int64_t left = window - elapsed(at, now);
    if (at.current <= room) return duration(left - share(window, room - at.current, at.previous));
    return duration(sum_of(left, window - share(window, room, at.current)));
}

std::int64_t sliding_window_rule::fresh_at(const state& at) const noexcept {
    const std::int64_t next = sum_of(at.start, window);
    if (at.current != 0) return sum_of(next, window);
    return at.previous != 0 ? next : at.start;
}

std::int64_t sliding_window_rule::weight(const state& at) const noexcept {
    if (limit == 0) return at.start;
    if (at.current == 0) return sum_of(at.start, share(window, at.previous, limit));
    return sum_of(sum_of(at.start, window), share(window, at.current, limit));
}

} // namespace weir::resilience::detail
