// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace weir::resilience::detail {

// Calls an observer, if there is one, and ignores its exceptions: observing a component doesn't change its behaviour.
template<class Event>
void notify(const std::function<void(const Event&)>& observer, const Event& event) noexcept {
    if (!observer) return;
    try {
        observer(event);
    } catch (...) {
        return;
    }
}

} // namespace weir::resilience::detail
