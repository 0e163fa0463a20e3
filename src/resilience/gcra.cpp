// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/resilience/detail/gcra.hpp>

#include <fmt/format.h>

#include <cmath>

namespace weir::resilience::detail {

namespace {

__extension__ typedef __int128 wide_time;

constexpr gcra_rule nothing{1, 0};
constexpr gcra_rule everything{0, rate_decision::no_limit};

void check_rate(double rate, duration per, std::uint64_t burst, std::string_view of) {
    if (per <= duration::zero()) refuse_option(of, "per", fmt::format("{} ns", per.count()), "more than 0");
    if (!(rate >= 0)) refuse_option(of, "rate", fmt::format("{}", rate), "0 or more, infinity() for no limit");
    if (std::isinf(rate) || rate == 0 || burst == 0) return;
    const long double interval = static_cast<long double>(per.count()) / rate;
    if (interval < 1) refuse_option(of, "rate", fmt::format("{}", rate), "at most one permit for each nanosecond");
    if (std::ceil(interval) * static_cast<long double>(burst) > static_cast<long double>(gcra_rule::longest))
        refuse_option(of, "burst", fmt::format("{}", burst), "as many as the rate yields in 100 years");
}

} // namespace

gcra_rule gcra_rule::from(double rate, duration per, std::uint64_t burst, std::string_view of) {
    check_rate(rate, per, burst, of);
    if (std::isinf(rate)) return everything;
    if (rate == 0 || burst == 0) return nothing;
    return {static_cast<std::int64_t>(std::ceil(static_cast<long double>(per.count()) / rate)), burst};
}

rate_decision gcra_rule::describe(state arrival, bool allowed, std::int64_t now, std::uint64_t n) const noexcept {
    if (unlimited()) return {.allowed = true, .limit = rate_decision::no_limit, .remaining = rate_decision::no_limit};
    const std::int64_t ahead = ahead_of(arrival, now);
    const auto owed = static_cast<std::uint64_t>(ahead / interval + (ahead % interval != 0 ? 1 : 0));
    rate_decision said{.allowed = allowed, .limit = burst, .reset_after = duration(ahead)};
    said.window = duration(reserved(0, 0, burst));
    said.remaining = owed < burst ? burst - owed : 0;
    if (!allowed) said.retry_after = wait_for(arrival, now, n);
    return said;
}

duration gcra_rule::wait_for(state arrival, std::int64_t now, std::uint64_t n) const noexcept {
    if (unlimited() || n == 0) return {};
    std::int64_t slack = 0;
    const std::int64_t ahead = ahead_of(arrival, now);
    if (n > burst || ahead > longest || __builtin_mul_overflow(interval, burst - n, &slack))
        return rate_decision::never;
    return duration(std::max<std::int64_t>(0, ahead - slack));
}

gcra_rule::state gcra_rule::converted(state arrival, std::int64_t now, const gcra_rule& to) const noexcept {
    if (unlimited() || to.unlimited()) return std::min(arrival, now);
    const wide_time owed = wide_time{ahead_of(arrival, now)} * to.interval;
    const wide_time ahead = (owed + interval - 1) / interval;
    return now + static_cast<std::int64_t>(std::min<wide_time>(ahead, longest));
}

} // namespace weir::resilience::detail
