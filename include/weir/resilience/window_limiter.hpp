// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/protected_call.hpp>
#include <weir/resilience/window_rules.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

namespace weir {

struct window_limiter_options {
    std::size_t limit = 1; ///< permits for each window; 0 allows nothing, at most 1e18
    duration window = std::chrono::seconds(1);
    std::function<void(const rate_limit_event&)> on_event{}; ///< each refusal; see rate_limit_event
    const weir::clock* time = &system_clock();               ///< outlives the limiter
};

/// Allows `limit` permits for each window of time; see fixed_window_limiter and sliding_window_limiter. Thread-safe,
/// process-wide; a lock is held for the decision. A layer of stacks by `run`.
template<class Rule>
class window_limiter {
public:
    /// Throws std::invalid_argument naming the option that makes no sense.
    explicit window_limiter(window_limiter_options options = {});
    window_limiter(const window_limiter&) = delete;
    window_limiter& operator=(const window_limiter&) = delete;
    ~window_limiter() = default;

    /// Takes `n` permits if they are there; never more than the limit.
    bool try_acquire(std::size_t n = 1) { return acquire(n).allowed; }
    /// The same by a time that the caller has at hand, as `loop::now()`.
    bool try_acquire_at(time_point now, std::size_t n = 1) { return acquire_at(now, n).allowed; }

    /// The same, and says what remains and when to try again. 0 permits only look.
    rate_decision acquire(std::size_t n = 1) { return acquire_at(options_.time->now(), n); }
    rate_decision acquire_at(time_point now, std::size_t n = 1);

    /// Calls `f` when a permit is there; errc::resource_exhausted with its retry_after otherwise. An exception out of
    /// `f` becomes an error.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// Changes the limit while it is in use; what has been taken stays taken. Throws as the constructor does.
    void set_limit(std::size_t limit);

    rate_limiter_stats stats() const;

private:
    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(window_limiter& self, F f) {
        const rate_decision decided = self.acquire();
        if (!decided) co_return resilience::detail::call_result<F>(boost::system::in_place_error, decided.refusal());
        co_return co_await resilience::detail::call(f);
    }

    const window_limiter_options options_; // the limit is rule_'s
    mutable std::mutex mutex_;             // guards what follows
    Rule rule_;
    typename Rule::state state_{};
    rate_limiter_stats stats_{};
};

/// Counts from the first permit on for the length of a window, and then from zero: what remains and when it ends is
/// easily said. Within the length of a window as many as twice the limit may be allowed: at the end of one and at the
/// beginning of the next.
using fixed_window_limiter = window_limiter<resilience::detail::fixed_window_rule>;

/// Counts those of the last `window` by two numbers: the permits of this window, and those of the one before by the
/// share of it that is still covered, as if they had been spread evenly
/// (https://blog.cloudflare.com/counting-things-a-lot-of-different-things). The error has a bound: within any time t up
/// to a window at most limit * (1 + t / window) are allowed, as by a token bucket with that burst and rate, and where
/// the permits were spread evenly no more than the limit.
using sliding_window_limiter = window_limiter<resilience::detail::sliding_window_rule>;

extern template class window_limiter<resilience::detail::fixed_window_rule>;
extern template class window_limiter<resilience::detail::sliding_window_rule>;

} // namespace weir
