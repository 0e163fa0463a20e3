// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/retry_budget.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// Whether a failed call had no effect, so that even a call that isn't idempotent may be repeated, because it was
/// refused. True for unavailable, resource_exhausted, conflict, and the kinds that describe an invalid request. False
/// for an error with the code `outcome_unknown` (the connection was lost after the request was sent), and for
/// cancelled, deadline_exceeded, too_large, internal and unknown.
bool had_no_effect(const error& failure) noexcept;

/// An event of a retry: it waits for the next attempt, or gives up on an error worth repeating.
struct retry_event {
    enum class what : std::uint8_t {
        retrying,
        exhausted,      ///< the last attempt failed
        budget_refused, ///< the budget is used up
        too_late,       ///< the next attempt would be after the deadline, or retry_after() exceeds max_delay
    };
    what kind = what::retrying;
    std::size_t attempt = 0; ///< the attempt that failed, from 1
    duration delay{};        ///< before the next attempt
    error failure{};
};

struct retry_options {
    std::size_t attempts = 3;                      ///< maximum number of calls, including the first; at least 1
    duration base = std::chrono::milliseconds(50); ///< upper bound of the first delay
    double multiplier = 2;                         ///< growth of that bound per attempt; 1 to 1000
    duration max_delay = std::chrono::seconds(10); ///< upper bound of any delay; max(): no limit
    bool full_jitter = true;                       ///< random delays between 0 and the bound; false: the bound itself
    bool idempotent = false;                       ///< repeating a call is harmless, whatever its first outcome
    std::function<bool(const error&)> retries{};   ///< errors worth a retry; default: errc::unavailable
    retry_budget* budget = nullptr;                ///< shared and must outlive the retry; null: a private one
    std::function<double()> random{};              ///< in [0, 1), thread-safe; default: a private generator
    std::function<void(const retry_event&)> on_event{}; ///< called on the call's loop; exceptions are ignored
};

struct retry_stats {
    std::uint64_t calls = 0;
    std::uint64_t retries = 0;   ///< attempts other than first ones
    std::uint64_t recovered = 0; ///< calls that a retry made succeed
    std::uint64_t exhausted = 0; ///< calls whose last attempt failed
    std::uint64_t budget_refused = 0;
    std::uint64_t too_late = 0;
};

/// Repeats calls after transient failures, with exponential back-off and full jitter
/// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), within a budget. Unless calls are
/// `idempotent`, repeats only those that had_no_effect(), whatever `retries` returns. Waits at least the error's
/// retry_after(), on the loop's clock, but never beyond the context's deadline: then it returns the last error.
/// Cancellation ends a wait with errc::cancelled. Process-wide and thread-safe; must outlive its calls.
///
///     weir::retry backoff({.attempts = 3, .base = 50ms, .idempotent = true});
///     auto found = co_await backoff.run([&] { return upstream.find(id); });
class retry {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit retry(retry_options options = {});
    retry(const retry&) = delete;
    retry& operator=(const retry&) = delete;

    /// Returns the last attempt's result. `f` is called once per attempt, on the awaiting loop; its exceptions become
    /// errors. Exceptions of `retries` and `random` propagate from run().
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
    // Waits for the next attempt. Returns the error with which the call ends if there is none.
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
