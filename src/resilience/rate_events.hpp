// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/rate_decision.hpp>

#include <functional>

namespace weir::resilience::detail {

/// Calls `on_event`, if set, and ignores its exceptions.
inline void notify(const std::function<void(const rate_limit_event&)>& on_event,
                   const rate_limit_event& event) noexcept {
    if (!on_event) return;
    try {
        on_event(event);
    } catch (...) { // the decision stands even if the observer fails
    }
}

} // namespace weir::resilience::detail
