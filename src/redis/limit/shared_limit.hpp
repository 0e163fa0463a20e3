// SPDX-License-Identifier: MIT
#pragma once

#include "redis/limit/redis_health.hpp"
#include <weir/redis/rate_limiter.hpp>
#include <weir/redis/script.hpp>
#include <weir/resilience/detail/gcra.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>
#include <weir/resilience/keyed_limiter.hpp>

#include <memory>
#include <string>
#include <utility>

namespace weir::redis::detail {

/// The state that a rate_limiter shares with its calls, which may outlive it. Thread-safe.
class shared_limit {
public:
    shared_limit(shared_target on, rate_limiter_options options);

    /// `key` is without the prefix.
    static task<result<rate_decision>> decide(std::shared_ptr<shared_limit> self, std::string key, std::size_t n);
    rate_limiter_stats stats() const;

private:
    enum counted : std::size_t { allowed, refused, local, unanswered, rejected };

    /// The script's answer: 1 if allowed, and the nanoseconds until the bucket is full.
    using answer = std::pair<int, std::int64_t>;

    bool decides_alone() const noexcept { return rule_.unlimited() || rule_.burst == 0; }
    task<result<answer>> ask(const std::string& key, std::size_t n) const;
    void note_failure(redis_health::attempt& trying, const error& why);
    result<rate_decision> decide_locally(const std::string& key, std::size_t n);
    rate_decision counted_decision(const std::string& key, rate_decision decided);

    const rate_limiter_options options_;
    const resilience::detail::gcra_rule rule_;
    const script take_;
    const shared_target on_;
    keyed_bucket share_;
    redis_health health_;
    resilience::detail::sharded_counts counts_;
};

} // namespace weir::redis::detail
