// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/retry.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace weir {

bool had_no_effect(const error& failure) noexcept {
    if (failure.code() == outcome_unknown_code) return false;
    switch (failure.kind()) {
    case errc::unavailable:
    case errc::resource_exhausted:
    case errc::conflict:
    case errc::invalid_argument:
    case errc::validation_failed:
    case errc::unauthenticated:
    case errc::permission_denied:
    case errc::not_found:
    case errc::already_exists:
    case errc::unimplemented:
        return true;
    default:
        return false;
    }
}

namespace {

retry_options checked(retry_options options) {
    using namespace resilience::detail;
    check_at_least("retry_options::attempts", options.attempts, 1);
    check_range("retry_options::base", options.base, duration::zero());
    check_range("retry_options::multiplier", options.multiplier, 1, 1000);
    check_range("retry_options::max_delay", options.max_delay, duration::zero());
    return options;
}

// Returns `most` times a factor between 0 and 1.
duration part_of(duration most, double factor) {
    if (!(factor > 0)) return duration::zero();
    const double part = static_cast<double>(most.count()) * factor;
    if (part >= static_cast<double>(most.count())) return most;
    return duration(static_cast<duration::rep>(part));
}

} // namespace

retry::retry(retry_options options)
    : options_(checked(std::move(options))), budget_(options_.budget ? options_.budget : &own_budget_.emplace()),
      seed_(std::random_device{}()) {}

void retry::begin() noexcept {
    counts_.add(calls);
    budget_->deposit();
}

void retry::succeeded(std::size_t attempt) noexcept {
    if (attempt > 1) counts_.add(recovered);
}

task<error> retry::pause(std::size_t attempt, error failed) {
    if (!is_worth_it(failed)) co_return failed;
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const auto next = decide(attempt, failed, ctx.loop().clock().now(), ctx.deadline());
    count(next);
    resilience::detail::notify(options_.on_event, next);
    if (next.kind != retry_event::what::retrying) co_return failed;
    const auto slept = co_await sleep_for(next.delay);
    co_return slept ? error() : slept.error();
}

bool retry::is_worth_it(const error& failed) const {
    if (!options_.idempotent && !had_no_effect(failed)) return false;
    return options_.retries ? options_.retries(failed) : failed == errc::unavailable;
}

retry_event retry::decide(std::size_t attempt, const error& failed, time_point now, time_point deadline) {
    retry_event next;
    next.attempt = attempt;
    next.failure = failed;
    if (attempt >= options_.attempts) {
        next.kind = retry_event::what::exhausted;
        return next;
    }
    next.delay = delay_after(attempt, failed);
    if (next.delay > options_.max_delay || weir::detail::later(now, next.delay) >= deadline)
        next.kind = retry_event::what::too_late;
    else if (!budget_->try_withdraw())
        next.kind = retry_event::what::budget_refused;
    return next;
}

duration retry::most_after(std::size_t attempt) const {
    if (options_.base == duration::zero()) return duration::zero();
    const double growth = std::pow(options_.multiplier, static_cast<double>(attempt - 1)); // may be infinite
    const double grown = static_cast<double>(options_.base.count()) * growth;
    const bool within = grown < static_cast<double>(options_.max_delay.count());
    return within ? duration(static_cast<duration::rep>(grown)) : options_.max_delay;
}

// Exceeds max_delay only if the error asks for it; otherwise the requested part isn't randomised, and the remainder is.
duration retry::delay_after(std::size_t attempt, const error& failed) {
    const duration asked = std::chrono::seconds(failed.retry_after());
    if (asked > options_.max_delay) return asked;
    const duration most = most_after(attempt);
    const duration chosen = options_.full_jitter ? part_of(most, random()) : most;
    return std::min(weir::detail::sum(asked, chosen), options_.max_delay);
}

// SplitMix64 (https://prng.di.unimi.it/splitmix64.c); all threads advance the same state.
double retry::random() {
    if (options_.random) return options_.random();
    std::uint64_t z = seed_.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
}

void retry::count(const retry_event& event) noexcept {
    switch (event.kind) {
    case retry_event::what::retrying:
        return counts_.add(retries);
    case retry_event::what::exhausted:
        return counts_.add(exhausted);
    case retry_event::what::budget_refused:
        return counts_.add(budget_refused);
    case retry_event::what::too_late:
        return counts_.add(too_late);
    }
}

retry_stats retry::stats() const noexcept {
    retry_stats now;
    now.calls = counts_.sum(calls);
    now.retries = counts_.sum(retries);
    now.recovered = counts_.sum(recovered);
    now.exhausted = counts_.sum(exhausted);
    now.budget_refused = counts_.sum(budget_refused);
    now.too_late = counts_.sum(too_late);
    return now;
}

} // namespace weir
