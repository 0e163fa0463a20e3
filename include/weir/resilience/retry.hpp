// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/resilience/protected_call.hpp>
#include <weir/resilience/retry_budget.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// Whether a call that failed so has changed nothing, so that any call may be repeated: it was refused. Such are
/// unavailable, resource_exhausted, conflict, and the kinds that say what is wrong with the request. It isn't known for
/// an error whose code is `outcome_unknown` (the connection was lost after the request was sent), nor for cancelled,
/// deadline_exceeded, too_large, internal and unknown.
bool had_no_effect(const error& failure) noexcept;

/// What a retry reports: it is about to wait for the next attempt, or has given up what it would have repeated.
struct retry_event {
    enum class what : std::uint8_t {
        retrying,
        exhausted,      ///< that was the last attempt
        budget_refused, ///< the budget is used up
        too_late,       ///< the next attempt would come after the deadline, or retry_after() is over max_delay
    };
    what kind = what::retrying;
    std::size_t attempt = 0; ///< the one that failed, from 1
    duration delay{};        ///< before the next one
    error failure{};
};

struct retry_options {
    std::size_t attempts = 3;                      ///< calls at most, the first one included; at least 1
    duration base = std::chrono::milliseconds(50); ///< the most that the first delay takes
    double multiplier = 2;                         ///< of that for each further delay; 1 to 1000
    duration max_delay = std::chrono::seconds(10); ///< no delay is longer; max(): no limit
    bool full_jitter = true;                       ///< a delay is random between 0 and its most; false: its most
    bool idempotent = false;                       ///< repeating a call does no harm, whatever became of it before
    std::function<bool(const error&)> retries{};   ///< what is worth a retry; none given: errc::unavailable
    retry_budget* budget = nullptr;                ///< shared with others, outlives the retry; null: one of its own
    std::function<double()> random{};              ///< in [0, 1), thread-safe; none given: a generator of its own
    std::function<void(const retry_event&)> on_event{}; ///< on the call's loop; what it throws is dropped
};

struct retry_stats {
    std::uint64_t calls = 0;
    std::uint64_t retries = 0;   ///< attempts beside the first ones
    std::uint64_t recovered = 0; ///< calls that succeeded by a retry
    std::uint64_t exhausted = 0; ///< calls whose last attempt failed
    std::uint64_t budget_refused = 0;
    std::uint64_t too_late = 0;
};

/// Repeats calls that failed for the moment, with exponential back-off and full jitter
/// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and within a budget. Unless the calls
/// are `idempotent`, only those are repeated that had_no_effect(), whatever `retries` says. Waits for at least the
/// error's retry_after(), on the loop's clock; never beyond the context's deadline: the last error is the outcome then.
/// Cancellation ends a wait with errc::cancelled. Process-wide and thread-safe; outlives its calls.
///
///     weir::retry backoff({.attempts = 3, .base = 50ms, .idempotent = true});
///     auto found = co_await backoff.run([&] { return upstream.find(id); });
class retry {
public:
    /// Throws std::invalid_argument for options that are out of their range.
    explicit retry(retry_options options = {});
    retry(const retry&) = delete;
    retry& operator=(const retry&) = delete;

    /// Yields what the last attempt yields. `f` is called once for each, on the awaiting loop; an exception out of it
    /// becomes an error. What `retries` and `random` throw leaves run().
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    retry_stats stats() const noexcept;
    const retry_budget& budget() const noexcept { return *budget_; }

private:
    enum counted : std::size_t { calls, retries, recovered, exhausted, budget_refused, too_late };

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(retry& self, F f) {
        self.begin();
        for (std::size_t attempt = 1;; ++attempt) {
            auto outcome = co_await resilience::detail::call(f);
            if (outcome) {
                self.succeeded(attempt);
                co_return outcome;
            }
            const error failed = outcome.error();
            const error end = co_await self.pause(attempt, failed);
            if (end) co_return resilience::detail::call_result<F>(boost::system::in_place_error, end);
        }
    }

    void begin() noexcept;
    void succeeded(std::size_t attempt) noexcept;
    // Waits for the next attempt; the error with which the call ends where there is none.
    task<error> pause(std::size_t attempt, error failed);

    retry_event decide(std::size_t attempt, const error& failed, time_point now, time_point deadline);
    bool is_worth_it(const error& failed) const;
    duration most_after(std::size_t attempt) const;
    duration delay_after(std::size_t attempt, const error& failed);
    double random();
    void count(const retry_event& event) noexcept;

    const retry_options options_;
    std::optional<retry_budget> own_budget_;
    retry_budget* const budget_;
    std::atomic<std::uint64_t> seed_;
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
