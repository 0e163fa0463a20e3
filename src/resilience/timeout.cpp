// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/timeout.hpp>

namespace weir {

namespace {

timeout_options checked(timeout_options options) {
    resilience::detail::check_range("timeout_options::limit", options.limit, duration::zero());
    return options;
}

} // namespace

timeout::timeout(timeout_options options) : options_(checked(std::move(options))) {}

void timeout::note(duration took, bool late) noexcept {
    counts_.add(calls);
    if (!late || took < options_.limit) return;
    counts_.add(exceeded);
    resilience::detail::notify(options_.on_event, timeout_event{options_.limit, took});
}

timeout_stats timeout::stats() const noexcept { return {counts_.sum(calls), counts_.sum(exceeded)}; }

} // namespace weir
