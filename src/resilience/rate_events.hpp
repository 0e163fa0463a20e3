// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/rate_decision.hpp>

#include <functional>

namespace weir::resilience::detail {

/// Calls what was given as `on_event`, if anything.
inline void tell(const std::function<void(const rate_limit_event&)>& hears, const rate_limit_event& event) noexcept {
    if (!hears) return;
    try {
        hears(event);
    } catch (...) { // the caller was refused, whoever fails to hear of it
    }
}

} // namespace weir::resilience::detail
