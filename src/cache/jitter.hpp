// SPDX-License-Identifier: MIT
#pragma once

#include "resilience/random_fraction.hpp"
#include <weir/core/clock.hpp>

#include <functional>

namespace weir::detail {

/// Shortens a time at random by up to that share of it.
inline duration jittered(duration ttl, double share, const std::function<double()>& random) noexcept {
    if (ttl == duration::max() || share == 0) return ttl;
    const double part = share * resilience::detail::random_fraction(random);
    return ttl - duration(static_cast<duration::rep>(static_cast<double>(ttl.count()) * part));
}

} // namespace weir::detail
