// SPDX-License-Identifier: MIT
#pragma once

#include "resilience/option_check.hpp"
#include <weir/core/clock.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace weir::resilience::detail {

/// Validates the options of `of` and returns their rule; throws std::invalid_argument.
template<class Rule>
Rule window_rule(std::size_t limit, duration window, std::string_view of) {
    constexpr std::size_t most = 1'000'000'000'000'000'000;
    if (limit > most) refuse_option(of, "limit", fmt::format("{}", limit), "at most 1e18");
    if (window <= duration::zero()) refuse_option(of, "window", fmt::format("{} ns", window.count()), "more than 0");
    return {limit, window.count()};
}

} // namespace weir::resilience::detail
