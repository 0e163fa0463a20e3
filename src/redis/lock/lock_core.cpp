// SPDX-License-Identifier: MIT
#include "redis/lock/lock_core.hpp"

#include "resilience/option_check.hpp"

#include <algorithm>
#include <random>

namespace weir::redis::detail {

namespace {

constexpr std::string_view lock_part = "redis::lock";
constexpr duration least_ttl = std::chrono::milliseconds(10);
constexpr duration most_ttl = std::chrono::hours(24);
// The counter of fencing tokens is dropped this long after its lock; until then it may be ahead of the clock of Redis.
constexpr duration fence_ttl = std::chrono::hours(7 * 24);

constexpr const char* take_lock_source = R"(
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {0, 0} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1e6 + tonumber(time[2])
local fence = math.max(now, (tonumber(redis.call('GET', KEYS[2]) or '') or 0) + 1)
local token = string.format('%.0f', fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], token, 'PX', ARGV[3])
return {1, token}
)";

constexpr const char* renew_lock_source = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)";

constexpr const char* release_lock_source = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)";

// 128 random bits in hexadecimal digits.
std::string random_token() {
    std::random_device source;
    std::string token;
    for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", source());
    return token;
}

lock_options checked(lock_options with) {
    const auto refuse = [](std::string_view option, duration value, std::string_view accepted) {
        resilience::detail::refuse_option(lock_part, option, fmt::format("{} ns", value.count()), accepted);
    };
    if (with.ttl < least_ttl || with.ttl > most_ttl) refuse("ttl", with.ttl, "10 ms to 1 day");
    if (with.wait < duration::zero()) refuse("wait", with.wait, "0 or more");
    if (with.poll <= duration::zero()) refuse("poll", with.poll, "more than 0");
    return with;
}

} // namespace

error check_claim(const std::string& name, duration ttl, duration wait) {
    if (name.empty() || name.front() == '}')
        return {errc::invalid_argument, "a lock's name: accepted one that isn't empty and doesn't begin with }"};
    if (ttl < least_ttl || ttl > most_ttl)
        return {errc::invalid_argument, fmt::format("a lock's ttl = {} ns: accepted 10 ms to 1 day", ttl.count())};
    if (wait < duration::zero())
        return {errc::invalid_argument, fmt::format("the wait for a lock = {} ns: accepted 0 or more", wait.count())};
    return {};
}

lock_core::lock_core(shared_target on, lock_options options)
    : options_(checked(std::move(options))), on_(std::move(on)), take_(take_lock_source), renew_(renew_lock_source),
      release_(release_lock_source) {}

lock_claim lock_core::claim_of(const std::string& name, duration ttl) const {
    return {options_.prefix + '{' + name + '}', random_token(), ttl};
}

task<result<std::pair<int, std::uint64_t>>> lock_core::take(const lock_claim& by) const {
    const std::string fence = by.key + ":fence";
    return take_.run<std::pair<int, std::uint64_t>>(
        on_, keys(by.key, fence), by.token, milliseconds(by.ttl), milliseconds(by.ttl + fence_ttl));
}

task<result<bool>> lock_core::renew(const lock_claim& by) const {
    return renew_.run<bool>(on_, keys(by.key), by.token, milliseconds(by.ttl));
}

task<result<bool>> lock_core::release(const lock_claim& by) const {
    return release_.run<bool>(on_, keys(by.key), by.token);
}

lock_stats lock_core::stats() const noexcept {
    lock_stats now;
    now.acquired = counts_.sum(acquired);
    now.refused = counts_.sum(refused);
    now.renewed = counts_.sum(renewed);
    now.failed_renewals = counts_.sum(failed_renewals);
    now.lost = counts_.sum(lost);
    now.held = static_cast<std::uint64_t>(std::max<std::int64_t>(0, held_.load(std::memory_order_relaxed)));
    return now;
}

} // namespace weir::redis::detail
