// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/keyed_limiter.hpp>
#include <weir/resilience/token_bucket.hpp>
#include <weir/resilience/window_limiter.hpp>

#include <functional>
#include <string_view>

namespace weir {

namespace resilience::detail {
void measure_limiter(metrics& to, std::string_view name, std::function<keyed_limiter_stats()> stats);
void measure_keys(metrics& to, std::string_view name, std::function<keyed_limiter_stats()> stats);
} // namespace resilience::detail

/// Exports a limiter as rate_limiter_allowed_total{name} and rate_limiter_refused_total{name}, and one with keys also
/// as rate_limiter_keys{name} and rate_limiter_evicted_keys_total{name}. The limiter must outlive the metrics. Throws
/// std::invalid_argument for a duplicate name.
void measure(metrics& to, const token_bucket& of, std::string_view name);

template<class Rule>
void measure(metrics& to, const window_limiter<Rule>& of, std::string_view name) {
    resilience::detail::measure_limiter(to, name, [&of] {
        const rate_limiter_stats now = of.stats();
        return keyed_limiter_stats{.allowed = now.allowed, .refused = now.refused};
    });
}

template<class Rule>
void measure(metrics& to, const keyed_limiter<Rule>& of, std::string_view name) {
    resilience::detail::measure_keys(to, name, [&of] { return of.stats(); });
}

} // namespace weir
