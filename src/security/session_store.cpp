// SPDX-License-Identifier: MIT
#include <weir/security/session_store.hpp>

namespace weir::security::detail {

session_stats session_counts::read() const noexcept {
    const auto value = [](const count& of) { return of.load(std::memory_order_relaxed); };
    session_stats all;
    all.created = value(created);
    all.loaded = value(loaded);
    all.missing = value(missing);
    all.saved = value(saved);
    all.touched = value(touched);
    all.rotated = value(rotated);
    all.erased = value(erased);
    all.expired = value(expired);
    all.evicted = value(evicted);
    all.refused = value(refused);
    all.lost = value(lost);
    all.failed = value(failed);
    return all;
}

} // namespace weir::security::detail
