// SPDX-License-Identifier: MIT
#include "resilience/key_table.hpp"
#include "resilience/option_check.hpp"
#include "resilience/rate_events.hpp"
#include "resilience/window_options.hpp"
#include <weir/resilience/keyed_limiter.hpp>

#include <fmt/format.h>

#include <bit>
#include <deque>
#include <limits>
#include <mutex>
#include <random>

namespace weir {

namespace {

namespace rates = resilience::detail;

constexpr std::string_view keyed_part = "keyed_limiter";
constexpr std::size_t most_shards = 64;
constexpr std::size_t least_in_shard = 256; // a small limiter has one shard, so that max_keys is exact

rates::siphash<> random_digest() {
    std::random_device source;
    const auto number = [&] { return std::uint64_t{source()} << 32 | source(); };
    const std::uint64_t first = number();
    return {first, number()};
}

rates::gcra_rule rule_of(const keyed_bucket_options& with) {
    return rates::gcra_rule::from(with.rate, with.per, with.burst, keyed_part);
}

template<class Rule>
Rule rule_for(const typename keyed_limiter<Rule>::options& with) {
    if constexpr (std::is_same_v<Rule, rates::gcra_rule>)
        return rule_of(with);
    else
        return rates::window_rule<Rule>(with.limit, with.window, keyed_part);
}

template<class Options>
Options checked_keyed(Options with) {
    if (!with.time) rates::refuse_option(keyed_part, "time", "nullptr", "a clock");
    if (with.max_keys == 0) rates::refuse_option(keyed_part, "max_keys", "0", "1 or more");
    if (with.idle_time < duration::zero())
        rates::refuse_option(keyed_part, "idle_time", fmt::format("{} ns", with.idle_time.count()), "0 or more");
    return with;
}

std::size_t shards_for(std::size_t keys) noexcept {
    return std::bit_floor(std::clamp<std::size_t>(keys / least_in_shard, 1, most_shards));
}

} // namespace

template<class Rule>
struct keyed_limiter<Rule>::shards {
    struct alignas(64) shard {
        shard(const Rule& rule, std::size_t most, duration idle_time) : table(rule, most, idle_time) {}

        std::mutex mutex{}; // guards the following members
        rates::key_table<Rule> table;
        rate_limiter_stats counts{};
    };

    explicit shards(const options& with) {
        const Rule rule = rule_for<Rule>(with);
        const std::size_t count = shards_for(with.max_keys);
        for (std::size_t i = 0; i < count; ++i) all.emplace_back(rule, with.max_keys / count, with.idle_time);
    }

    shard& of(const rates::key_digest& key) noexcept { return all[key.high & (all.size() - 1)]; }

    const rates::siphash<> digest = random_digest();
    std::deque<shard> all; // a power of two in number
};

template<class Rule>
keyed_limiter<Rule>::keyed_limiter(options with)
    : options_(checked_keyed(std::move(with))), shards_(std::make_unique<shards>(options_)) {}

template<class Rule>
keyed_limiter<Rule>::~keyed_limiter() = default;

template<class Rule>
rate_decision keyed_limiter<Rule>::acquire_at(time_point now, std::string_view key, std::size_t n) {
    const rates::key_digest digest = shards_->digest(key);
    auto& shard = shards_->of(digest);
    rate_decision decided;
    {
        const std::lock_guard lock(shard.mutex);
        decided = shard.table.acquire(digest, now.time_since_epoch().count(), n);
        ++(decided ? shard.counts.allowed : shard.counts.refused);
    }
    if (!decided) rates::notify(options_.on_event, {.key = key, .refused = decided});
    return decided;
}

template<class Rule>
void keyed_limiter<Rule>::forget(std::string_view key) noexcept {
    const rates::key_digest digest = shards_->digest(key);
    auto& shard = shards_->of(digest);
    const std::lock_guard lock(shard.mutex);
    shard.table.reset(digest);
}

template<class Rule>
void keyed_limiter<Rule>::trim() noexcept {
    const std::int64_t now = options_.time->now().time_since_epoch().count();
    for (auto& shard : shards_->all) {
        const std::lock_guard lock(shard.mutex);
        shard.table.forget_idle(now, 2 * shard.table.size());
    }
}

template<class Rule>
keyed_limiter_stats keyed_limiter<Rule>::stats() const {
    keyed_limiter_stats sum;
    for (auto& shard : shards_->all) {
        const std::lock_guard lock(shard.mutex);
        sum.keys += shard.table.size();
        sum.evicted += shard.table.evicted();
        sum.allowed += shard.counts.allowed;
        sum.refused += shard.counts.refused;
    }
    return sum;
}

template class keyed_limiter<rates::gcra_rule>;
template class keyed_limiter<rates::fixed_window_rule>;
template class keyed_limiter<rates::sliding_window_rule>;

} // namespace weir
