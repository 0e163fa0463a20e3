// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include "resilience/rate_events.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/token_bucket.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace weir::resilience::detail {

namespace {

constexpr std::string_view bucket_part = "token_bucket";

gcra_rule rule_of(const token_bucket_options& options) {
    return gcra_rule::from(options.rate, options.per, options.burst, bucket_part);
}

token_bucket_options checked_bucket(token_bucket_options options) {
    if (!options.time) refuse_option(bucket_part, "time", "nullptr", "a clock");
    if (options.max_wait < duration::zero())
        refuse_option(bucket_part, "max_wait", fmt::format("{} ns", options.max_wait.count()), "0 or more");
    rule_of(options);
    return options;
}

// Returns the permits when a task stops waiting for them.
class cancelled_unless_used {
public:
    explicit cancelled_unless_used(rate_reservation& one) noexcept : one_(&one) {}
    cancelled_unless_used(const cancelled_unless_used&) = delete;
    cancelled_unless_used& operator=(const cancelled_unless_used&) = delete;
    ~cancelled_unless_used() {
        if (one_) one_->cancel();
    }

    void used() noexcept { one_ = nullptr; }

private:
    rate_reservation* one_;
};

} // namespace

shared_bucket::shared_bucket(token_bucket_options options)
    : options_(checked_bucket(std::move(options))), interval_(rule_of(options_).interval),
      burst_(rule_of(options_).burst) {}

rate_decision shared_bucket::decide(time_point now, std::size_t n) {
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t arrival = 0;
    const bool allowed = take_at(at, n, arrival);
    const rate_decision decided = rule().describe(arrival, allowed, at, n);
    if (!allowed) report(decided);
    return decided;
}

result<rate_reservation> shared_bucket::reserve(std::size_t n, duration most) {
    const std::int64_t at = now().time_since_epoch().count();
    std::int64_t seen = arrival_.load(std::memory_order_relaxed);
    for (;;) {
        const gcra_rule by = rule();
        const duration delay = by.wait_for(seen, at, n);
        if (delay == rate_decision::never || delay > most) return not_reserved(by, seen, at, n);
        const std::int64_t before = std::max(seen, at);
        const std::int64_t after = by.reserved(seen, at, n);
        if (!arrival_.compare_exchange_weak(seen, after, std::memory_order_relaxed)) continue;
        count(0);
        return rate_reservation(shared_from_this(), before, after, delay);
    }
}

error shared_bucket::not_reserved(const gcra_rule& by, std::int64_t arrival, std::int64_t at, std::size_t n) {
    const rate_decision decided = by.describe(arrival, false, at, n);
    count(1);
    report(decided);
    if (by.burst == 0 || n <= by.burst) return decided.refusal();
    return {errc::invalid_argument, fmt::format("{} permits exceed the burst of {}", n, by.burst)};
}

task<result<void>> shared_bucket::wait(std::shared_ptr<shared_bucket> self, std::size_t n, duration most) {
    const executor here = co_await this_task;
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;
    const time_point now = here.context().loop().clock().now();
    const time_point deadline = here.context().deadline();
    if (deadline <= now) co_return errc::deadline_exceeded;
    auto reserved = self->reserve(n, std::min(most, deadline - now));
    if (!reserved) co_return reserved.error();
    if (reserved->delay() == duration::zero()) co_return ok();
    cancelled_unless_used turn(*reserved);
    const auto slept = co_await sleep_until(weir::detail::later(now, reserved->delay()));
    if (!slept) co_return slept.error();
    turn.used();
    co_return ok();
}

void shared_bucket::set_rate(double rate, duration per) {
    const std::lock_guard lock(mutex_);
    change(gcra_rule::from(rate, per, options_.burst, bucket_part));
    options_.rate = rate;
    options_.per = per;
}

void shared_bucket::set_burst(std::size_t burst) {
    const std::lock_guard lock(mutex_);
    change(gcra_rule::from(options_.rate, options_.per, burst, bucket_part));
    options_.burst = burst;
}

// A concurrent call sees the stricter of the two rules.
void shared_bucket::change(const gcra_rule& to) noexcept {
    const gcra_rule from = rule();
    const bool slower = to.interval > from.interval;
    if (slower) convert(from, to);
    interval_.store(to.interval, std::memory_order_relaxed);
    burst_.store(to.burst, std::memory_order_relaxed);
    if (!slower) convert(from, to);
}

void shared_bucket::convert(const gcra_rule& from, const gcra_rule& to) noexcept {
    const std::int64_t at = now().time_since_epoch().count();
    std::int64_t seen = arrival_.load(std::memory_order_relaxed);
    while (!arrival_.compare_exchange_weak(seen, from.converted(seen, at, to), std::memory_order_relaxed)) {
    }
}

void shared_bucket::report(const rate_decision& refused) const noexcept {
    notify(options_.on_event, {.refused = refused});
}

rate_limiter_stats shared_bucket::stats() const noexcept {
    rate_limiter_stats all;
    for (const counts& one : counts_) {
        all.allowed += one.cells[0].load(std::memory_order_relaxed);
        all.refused += one.cells[1].load(std::memory_order_relaxed);
    }
    return all;
}

} // namespace weir::resilience::detail
