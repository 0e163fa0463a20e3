// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include "resilience/rate_events.hpp"
#include "resilience/window_options.hpp"
#include <weir/resilience/window_limiter.hpp>

namespace weir {

namespace {

constexpr std::string_view window_part = "window_limiter";

window_limiter_options checked_window(window_limiter_options options) {
    if (!options.time) resilience::detail::refuse_option(window_part, "time", "nullptr", "a clock");
    return options;
}

} // namespace

template<class Rule>
window_limiter<Rule>::window_limiter(window_limiter_options options)
    : options_(checked_window(std::move(options))),
      rule_(resilience::detail::window_rule<Rule>(options_.limit, options_.window, window_part)) {}

template<class Rule>
rate_decision window_limiter<Rule>::acquire_at(time_point now, std::size_t n) {
    const std::int64_t at = now.time_since_epoch().count();
    rate_decision decided;
    {
        const std::lock_guard lock(mutex_);
        const bool allowed = rule_.take(state_, at, n);
        ++(allowed ? stats_.allowed : stats_.refused);
        decided = rule_.describe(state_, allowed, at, n);
    }
    if (!decided) resilience::detail::notify(options_.on_event, {.refused = decided});
    return decided;
}

template<class Rule>
void window_limiter<Rule>::set_limit(std::size_t limit) {
    const auto changed = resilience::detail::window_rule<Rule>(limit, options_.window, window_part);
    const std::lock_guard lock(mutex_);
    rule_ = changed;
}

template<class Rule>
rate_limiter_stats window_limiter<Rule>::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

template class window_limiter<resilience::detail::fixed_window_rule>;
template class window_limiter<resilience::detail::sliding_window_rule>;

} // namespace weir
