// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir::http::detail {

/// Returns the time that `bytes` earn at `rate` bytes per second; at most a century. A rate of 0 counts as 1.
constexpr duration earned_time(std::uint64_t bytes, std::uint32_t rate) noexcept {
    constexpr std::uint64_t century = 3'155'760'000;
    return std::chrono::seconds(std::min(bytes / std::max(rate, 1U), century));
}

} // namespace weir::http::detail
