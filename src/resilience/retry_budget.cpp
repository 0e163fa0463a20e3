// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/resilience/retry_budget.hpp>

#include <algorithm>

namespace weir {

namespace {

constexpr std::int64_t one_retry = 1'000'000; // the price of a retry

std::int64_t millionths(double retries) { return static_cast<std::int64_t>(retries * one_retry + 0.5); }

duration interval_of(double per_second) {
    const double interval = 1e9 / per_second; // infinite for 0
    if (interval >= static_cast<double>(duration::max().count())) return duration::max();
    return std::max(duration(1), duration(static_cast<duration::rep>(interval)));
}

const retry_budget_options& checked(const retry_budget_options& options) {
    using resilience::detail::check_range;
    check_range("retry_budget_options::ratio", options.ratio, 0, 1000);
    check_range("retry_budget_options::min_per_second", options.min_per_second, 0, 1e9);
    check_range("retry_budget_options::burst", options.burst, 1, 1e9);
    return options;
}

} // namespace

retry_budget::retry_budget(retry_budget_options options)
    : deposit_(millionths(checked(options).ratio)), most_(millionths(options.burst)),
      interval_(interval_of(options.min_per_second)), time_(*options.time) {}

void retry_budget::deposit() noexcept {
    std::int64_t before = balance_.load(std::memory_order_relaxed);
    while (before < most_ &&
           !balance_.compare_exchange_weak(before, std::min(before + deposit_, most_), std::memory_order_relaxed)) {
    }
}

bool retry_budget::try_withdraw() noexcept {
    const bool paid = take_from_balance() || take_from_minimum();
    counts_.add(paid ? granted : refused);
    return paid;
}

bool retry_budget::take_from_balance() noexcept {
    std::int64_t before = balance_.load(std::memory_order_relaxed);
    while (before >= one_retry)
        if (balance_.compare_exchange_weak(before, before - one_retry, std::memory_order_relaxed)) return true;
    return false;
}

// The generic cell rate algorithm: one second's worth is available at once, but at least one retry.
bool retry_budget::take_from_minimum() noexcept {
    if (interval_ == duration::max()) return false;
    const time_point now = time_.now();
    const time_point horizon = detail::later(now, std::max<duration>(std::chrono::seconds(1), interval_));
    time_point due = next_.load(std::memory_order_relaxed);
    for (;;) {
        const time_point after = detail::later(std::max(due, now), interval_);
        if (after > horizon) return false;
        if (next_.compare_exchange_weak(due, after, std::memory_order_relaxed)) return true;
    }
}

retry_budget_stats retry_budget::stats() const noexcept {
    retry_budget_stats now;
    now.granted = counts_.sum(granted);
    now.refused = counts_.sum(refused);
    now.balance = static_cast<double>(balance_.load(std::memory_order_relaxed)) / one_retry;
    return now;
}

} // namespace weir
