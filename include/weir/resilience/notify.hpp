// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace weir::resilience::detail {

// Calls an observer, if there is one. What it throws is dropped: who watches a part doesn't change what it does.
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
