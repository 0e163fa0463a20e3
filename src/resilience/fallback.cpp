// SPDX-License-Identifier: MIT
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/fallback.hpp>

namespace weir::resilience::detail {

bool fallback_record::covers(const error& failed) const {
    if (options_.covers) return options_.covers(failed);
    return failed == errc::unavailable || failed == errc::deadline_exceeded || failed == errc::resource_exhausted;
}

void fallback_record::note(const error& failure, const error& instead) noexcept {
    counts_.add(instead ? failed : used);
    notify(options_.on_event, fallback_event{failure, instead});
}

fallback_stats fallback_record::stats() const noexcept {
    return {counts_.sum(calls), counts_.sum(used), counts_.sum(failed)};
}

} // namespace weir::resilience::detail
