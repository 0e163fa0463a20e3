// SPDX-License-Identifier: MIT
#include "resilience/circuit_options.hpp"

#include "resilience/option_check.hpp"

#include <algorithm>
#include <cmath>

namespace weir::resilience::detail {

using namespace std::chrono_literals;

namespace {

bool is_rate(double value) noexcept { return value > 0 && value <= 1; }
bool is_within(double value, double least, double most) noexcept { return value >= least && value <= most; }

} // namespace

std::uint64_t in_millionths(double rate) noexcept {
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(rate * double(rate_unit))));
}

circuit_breaker_options checked_circuit(circuit_breaker_options given) {
    const auto check = [](bool fits, std::string_view option, const auto& value, std::string_view accepted) {
        check_option(fits, fmt::format("circuit_breaker_options.{}", option), value, accepted);
    };
    const auto check_time = [&](std::string_view option, duration value) {
        check(value > duration::zero(), option, fmt::format("{} ns", value.count()), "more than 0");
    };
    check(is_rate(given.failure_rate), "failure_rate", given.failure_rate, "more than 0, at most 1");
    check(is_rate(given.slow_call_rate), "slow_call_rate", given.slow_call_rate, "more than 0, at most 1");
    check_time("slow_call_duration", given.slow_call_duration);
    check(given.window_calls >= 1 && given.window_calls <= 100'000, "window_calls", given.window_calls, "1 to 100000");
    check(given.window_time >= 1ms && given.window_time <= 24h, "window_time",
          fmt::format("{} ns", given.window_time.count()), "1 ms to 24 h");
    check(given.minimum_calls >= 1, "minimum_calls", given.minimum_calls, "1 or more");
    check_time("open_for", given.open_for);
    check(is_within(given.open_backoff, 1, 10), "open_backoff", given.open_backoff, "1 to 10");
    check_time("max_open_for", given.max_open_for);
    check(is_within(given.open_jitter, 0, 1), "open_jitter", given.open_jitter, "0 to 1");
    check(given.probes >= 1, "probes", given.probes, "1 or more");
    check_time("probe_timeout", given.probe_timeout);
    check(given.time != nullptr, "time", "nullptr", "a clock");
    return given;
}

outcome_window window_of(const circuit_breaker_options& options) {
    if (options.window == window_kind::time) return outcome_window::of_time(options.window_time);
    return outcome_window::of_calls(options.window_calls);
}

std::uint64_t minimum_of(const circuit_breaker_options& options) noexcept {
    if (options.window == window_kind::time) return options.minimum_calls;
    return std::min(options.minimum_calls, options.window_calls);
}

} // namespace weir::resilience::detail
