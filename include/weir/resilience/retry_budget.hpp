// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/resilience/sharded_counts.hpp>

#include <atomic>
#include <cstdint>

namespace weir {

struct retry_budget_options {
    double ratio = 0.1;                        ///< retries for each call, 0 to 1000
    double min_per_second = 10;                ///< retries beside them, for callers with little traffic; 0: none
    double burst = 100;                        ///< retries that successful times save up at most; at least 1
    const weir::clock* time = &system_clock(); ///< outlives the budget
};

struct retry_budget_stats {
    std::uint64_t granted = 0; ///< retries
    std::uint64_t refused = 0;
    double balance = 0; ///< retries that calls have paid for, without the minimum
};

/// What retries have to be paid from, so that they can't multiply the load of a dependency that fails: each call pays
/// in `ratio`, each retry takes 1. With ten percent, the load of a total failure is 1.1 times the calls', and
/// min_per_second. After Finagle's RetryBudget and gRPC's retry throttling
/// (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). Process-wide and lock-free: policies for the
/// same dependency share one. In good times a call only reads.
class retry_budget {
public:
    /// Throws std::invalid_argument for options that are out of their range.
    explicit retry_budget(retry_budget_options options = {});
    retry_budget(const retry_budget&) = delete;
    retry_budget& operator=(const retry_budget&) = delete;

    /// Pays for one call that isn't a retry.
    void deposit() noexcept;
    /// Whether a retry may be made; it has been paid then.
    bool try_withdraw() noexcept;

    retry_budget_stats stats() const noexcept;

private:
    enum counted : std::size_t { granted, refused };

    bool take_from_balance() noexcept;
    bool take_from_minimum() noexcept;

    const std::int64_t deposit_; // in millionths of a retry, as balance_
    const std::int64_t most_;
    const duration interval_; // between retries of the minimum; max(): there is none
    const weir::clock& time_;

    std::atomic<std::int64_t> balance_{0};
    std::atomic<time_point> next_{time_point::min()}; // when the minimum's next retry is due, as in GCRA
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
