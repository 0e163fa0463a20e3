// SPDX-License-Identifier: MIT
#include "redis/limit/shared_limit.hpp"
#include "resilience/option_check.hpp"
#include "resilience/rate_events.hpp"
#include <weir/core/deadline.hpp>
#include <weir/redis/rate_limiter.hpp>

#include <algorithm>

namespace weir::redis {

namespace detail {

namespace {

namespace rates = resilience::detail;

constexpr std::string_view limiter_part = "redis::rate_limiter";

// GCRA in nanoseconds of Redis' clock. The state is the time at which the bucket is full, as seconds and nanoseconds,
// because a double holds neither all nanoseconds since 1970 nor needs to: their differences are exact up to 104 days.
// A state further ahead than a whole bucket, left by a clock that was set back, counts as an empty bucket.
constexpr const char* take_permits_source = R"(
local time = redis.call('TIME')
local s, ns = tonumber(time[1]), tonumber(time[2]) * 1000
local interval, burst, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ahead = 0
local full_s, full_ns = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if full_s then
  ahead = (tonumber(full_s) - s) * 1e9 + tonumber(full_ns) - ns
  ahead = math.max(0, math.min(ahead, interval * burst))
end
if n > burst or ahead > interval * (burst - n) then return {0, string.format('%.0f', ahead)} end
if n > 0 then
  ahead = ahead + n * interval
  local full = ns + ahead
  local seconds = math.floor(full / 1e9)
  local state = string.format('%.0f %.0f', s + seconds, math.max(0, full - seconds * 1e9))
  redis.call('SET', KEYS[1], state, 'PX', string.format('%.0f', math.max(1, math.ceil(ahead / 1e6))))
end
return {1, string.format('%.0f', ahead)}
)";

[[noreturn]] void refuse_time(std::string_view option, duration value, std::string_view accepted) {
    rates::refuse_option(limiter_part, option, fmt::format("{} ns", value.count()), accepted);
}

rate_limiter_options checked(rate_limiter_options with) {
    if (!with.time) rates::refuse_option(limiter_part, "time", "nullptr", "a clock");
    if (with.timeout <= duration::zero()) refuse_time("timeout", with.timeout, "more than 0");
    if (with.retry_base <= duration::zero()) refuse_time("retry_base", with.retry_base, "more than 0");
    if (with.retry_max < with.retry_base) refuse_time("retry_max", with.retry_max, "retry_base or more");
    if (!(with.local_share >= 0 && with.local_share <= 1))
        rates::refuse_option(limiter_part, "local_share", fmt::format("{}", with.local_share), "0 to 1");
    if (with.max_keys == 0) rates::refuse_option(limiter_part, "max_keys", "0", "1 or more");
    return with;
}

keyed_bucket_options share_of(const rate_limiter_options& of) {
    keyed_bucket_options share;
    share.rate = of.local_share > 0 ? of.rate * of.local_share : 0;
    share.per = of.per;
    share.burst = of.burst;
    if (of.burst > 0 && of.local_share < 1)
        share.burst =
            std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(of.burst) * of.local_share));
    share.max_keys = of.max_keys;
    share.time = of.time;
    return share;
}

// Errors of a Redis that can't decide at all; others concern one key or the script.
bool is_away(const error& why) noexcept {
    return why == errc::unavailable || why == errc::deadline_exceeded || why == errc::resource_exhausted;
}

} // namespace

shared_limit::shared_limit(shared_target on, rate_limiter_options options)
    : options_(checked(std::move(options))),
      rule_(rates::gcra_rule::from(options_.rate, options_.per, options_.burst, limiter_part)),
      take_(take_permits_source), on_(std::move(on)), share_(share_of(options_)),
      health_(options_.retry_base, options_.retry_max) {}

task<result<shared_limit::answer>> shared_limit::ask(const std::string& key, std::size_t n) const {
    const std::string whole = options_.prefix + key;
    auto asking = take_.run<answer>(on_, keys(whole), rule_.interval, rule_.burst, n);
    co_return co_await with_timeout(options_.timeout, std::move(asking));
}

void shared_limit::note_failure(redis_health::attempt& trying, const error& why) {
    const bool away = is_away(why);
    counts_.add(away ? unanswered : rejected);
    if (away)
        trying.fail(options_.time->now());
    else
        trying.succeed(); // Redis has answered
}

result<rate_decision> shared_limit::decide_locally(const std::string& key, std::size_t n) {
    counts_.add(local);
    rate_decision decided;
    try {
        decided = share_.acquire(key, n);
    } catch (...) {
        return current_error();
    }
    if (decided.retry_after == rate_decision::never && n <= rule_.burst && options_.local_share > 0)
        decided.retry_after = options_.retry_max; // more than the local burst, but not too many for Redis
    return counted_decision(key, decided);
}

rate_decision shared_limit::counted_decision(const std::string& key, rate_decision decided) {
    counts_.add(decided.allowed ? allowed : refused);
    if (!decided.allowed) rates::notify(options_.on_event, {key, decided});
    return decided;
}

task<result<rate_decision>> shared_limit::decide(std::shared_ptr<shared_limit> self, std::string key, std::size_t n) {
    const auto& rule = self->rule_;
    if (self->decides_alone()) {
        const bool allowed = rule.unlimited() || n == 0;
        co_return self->counted_decision(key, rule.describe(0, allowed, 0, n));
    }
    redis_health::attempt trying(self->health_, self->options_.time->now());
    if (!trying.admitted()) co_return self->decide_locally(key, n);
    auto said = co_await self->ask(key, n);
    if (said) {
        trying.succeed();
        co_return self->counted_decision(key, rule.describe(said->second, said->first == 1, 0, n));
    }
    if (said.error() == errc::cancelled) co_return said.error();
    const executor here = co_await this_task;
    const context& caller = here.context();
    if (caller.deadline() <= caller.loop().clock().now()) co_return error(errc::deadline_exceeded);
    self->note_failure(trying, said.error());
    co_return self->decide_locally(key, n);
}

rate_limiter_stats shared_limit::stats() const {
    rate_limiter_stats now;
    now.allowed = counts_.sum(allowed);
    now.refused = counts_.sum(refused);
    now.local_decisions = counts_.sum(local);
    now.unanswered = counts_.sum(unanswered);
    now.rejected = counts_.sum(rejected);
    now.local_keys = share_.stats().keys;
    now.degraded = health_.degraded();
    return now;
}

} // namespace detail

rate_limiter::rate_limiter(client& on, rate_limiter_options options)
    : shared_(std::make_shared<detail::shared_limit>(on.target(), std::move(options))) {}

task<result<rate_decision>> rate_limiter::acquire(std::string_view key, std::size_t n) {
    return detail::shared_limit::decide(shared_, std::string(key), n);
}

rate_limiter_stats rate_limiter::stats() const { return shared_->stats(); }

} // namespace weir::redis
