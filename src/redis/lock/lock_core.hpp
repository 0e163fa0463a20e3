// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/lock.hpp>
#include <weir/redis/script.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

namespace weir::redis::detail {

/// The key of a lock, and the random token of one attempt to take it.
struct lock_claim {
    std::string key{};
    std::string token{};
    duration ttl{};
};

/// Refuses names whose two keys would have different slots in a cluster, and times out of range.
error check_claim(const std::string& name, duration ttl, duration wait);

/// What a lock shares with its calls and with the locks that are held. Thread-safe.
class lock_core {
public:
    enum counted : std::size_t { acquired, refused, renewed, failed_renewals, lost };

    lock_core(shared_target on, lock_options options);

    const lock_options& options() const noexcept { return options_; }
    lock_claim claim_of(const std::string& name, duration ttl) const;

    /// 1 and a fencing token, or 0 if another token holds the lock. May be repeated with the same claim.
    task<result<std::pair<int, std::uint64_t>>> take(const lock_claim& by) const;
    /// These return whether the lock is still the claim's.
    task<result<bool>> renew(const lock_claim& by) const;
    task<result<bool>> release(const lock_claim& by) const;

    void count(counted what) noexcept { counts_.add(what); }
    void change_held(int by) noexcept { held_.fetch_add(by, std::memory_order_relaxed); }
    lock_stats stats() const noexcept;

private:
    const lock_options options_;
    const shared_target on_;
    const script take_;
    const script renew_;
    const script release_;
    resilience::detail::sharded_counts counts_;
    std::atomic<std::int64_t> held_{0};
};

} // namespace weir::redis::detail
