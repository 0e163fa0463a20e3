// SPDX-License-Identifier: MIT
#pragma once

#include "redis/wire/backoff.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/core/clock.hpp>

#include <atomic>
#include <mutex>

namespace weir::redis::detail {

/// Whether Redis is asked for a decision. After a failure nothing is asked until a pause is over, and then one call at
/// a time, until one succeeds. Thread-safe.
class redis_health {
public:
    redis_health(duration base, duration max) noexcept : pauses_(base, max) {}

    /// A call's permission to ask. If the call ends without a verdict, another one may ask in its place.
    class attempt {
    public:
        attempt(redis_health& of, time_point now) : of_(of), admitted_(of.admit(now, probe_)) {}
        attempt(const attempt&) = delete;
        attempt& operator=(const attempt&) = delete;
        ~attempt() {
            if (probe_) of_.end_probe();
        }

        bool admitted() const noexcept { return admitted_; }
        void succeed() { of_.succeed(); }
        void fail(time_point now) { of_.fail(now, probe_); }

    private:
        redis_health& of_;
        bool probe_ = false;
        bool admitted_;
    };

    bool degraded() const noexcept { return degraded_.load(std::memory_order_relaxed); }

private:
    bool admit(time_point now, bool& probe) {
        if (!degraded()) return true;
        const std::lock_guard lock(mutex_);
        if (!degraded()) return true;
        if (probing_ || now < retry_at_) return false;
        probing_ = true;
        probe = true;
        return true;
    }
    void succeed() {
        if (!degraded()) return;
        const std::lock_guard lock(mutex_);
        degraded_.store(false, std::memory_order_relaxed);
        pauses_.succeed();
    }
    // Calls that were under way when Redis was found to be away don't prolong the pause.
    void fail(time_point now, bool probe) {
        const std::lock_guard lock(mutex_);
        if (degraded() && !probe) return;
        degraded_.store(true, std::memory_order_relaxed);
        retry_at_ = weir::detail::later(now, pauses_.fail(resilience::detail::random_fraction({})));
    }
    void end_probe() noexcept {
        const std::lock_guard lock(mutex_);
        probing_ = false;
    }

    std::atomic<bool> degraded_{false};
    std::mutex mutex_; // guards the rest
    backoff pauses_;
    time_point retry_at_{};
    bool probing_ = false;
};

} // namespace weir::redis::detail
