// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <algorithm>
#include <cstdint>

namespace weir::redis::detail {

/// The pauses between attempts to connect: none after a success, then `base`, doubled up to `max`, each ±50 %.
class backoff {
public:
    backoff(duration base, duration max) noexcept : base_(base), max_(max) {}

    void succeed() noexcept { failures_ = 0; }
    /// Notes a failure and returns the pause before the next attempt. `fraction` is random, in [0, 1).
    duration fail(double fraction) noexcept {
        const unsigned doublings = std::min(failures_, 20U);
        ++failures_;
        const auto doubled = static_cast<double>(base_.count()) * static_cast<double>(1U << doublings);
        const double pause = std::min(doubled, static_cast<double>(max_.count()));
        const double spread = pause * (0.5 + std::clamp(fraction, 0.0, 1.0));
        return duration(static_cast<duration::rep>(std::min(spread, longest)));
    }
    unsigned failures() const noexcept { return failures_; }

private:
    static constexpr double longest = 4e18; // ns, which fits a duration

    duration base_;
    duration max_;
    unsigned failures_ = 0;
};

} // namespace weir::redis::detail
