// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <random>

namespace weir::resilience::detail {

/// Returns a number in [0, 1) from `source`, or from the thread's generator if there is none. If the source throws or
/// returns a number out of range, returns 1/2.
inline double random_fraction(const std::function<double()>& source) noexcept {
    try {
        if (source) {
            const double given = source();
            return given >= 0 && given < 1 ? given : 0.5;
        }
        static thread_local std::minstd_rand generator(std::random_device{}());
        return std::uniform_real_distribution<>(0, 1)(generator);
    } catch (...) {
        return 0.5;
    }
}

} // namespace weir::resilience::detail
