// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <atomic>
#include <cstdint>

namespace weir {

struct retry_budget_options {
    double ratio = 0.1;                        ///< retries per call, 0 to 1000
    double min_per_second = 10;                ///< additional retries, for callers with little traffic; 0: none
    double burst = 100;                        ///< retries that can be saved up; at least 1
    const weir::clock* time = &system_clock(); ///< must outlive the budget
};

struct retry_budget_stats {
    std::uint64_t granted = 0; ///< retries
    std::uint64_t refused = 0;
    double balance = 0; ///< retries that calls have paid for, excluding the minimum
};

/// A budget for retries, so that they can't multiply the load on a failing dependency: each call deposits `ratio`, each
/// retry withdraws 1. With a ratio of ten percent, the load during a total failure is 1.1 times that of the calls, plus
/// min_per_second. After Finagle's RetryBudget and gRPC's retry throttling
/// (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). Process-wide and lock-free; policies for the
/// same dependency should share one. While the budget is full, a call only reads it.
class retry_budget {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit retry_budget(retry_budget_options options = {});
    retry_budget(const retry_budget&) = delete;
    retry_budget& operator=(const retry_budget&) = delete;

    /// Deposits for a call that isn't a retry.
    void deposit() noexcept;
    /// Withdraws for a retry; returns whether it may be made.
    bool try_withdraw() noexcept;

    retry_budget_stats stats() const noexcept;

private:
    enum counted : std::size_t { granted, refused };

    bool take_from_balance() noexcept;
    bool take_from_minimum() noexcept;

    const std::int64_t deposit_; // in millionths of a retry, like balance_
    const std::int64_t most_;
    const duration interval_; // between retries of the minimum; max(): none
    const weir::clock& time_;

    std::atomic<std::int64_t> balance_{0};
    std::atomic<time_point> next_{time_point::min()}; // when the minimum's next retry is due, as in GCRA
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
