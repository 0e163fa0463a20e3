// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/detail/window_rules.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

namespace weir {

struct window_limiter_options {
    std::size_t limit = 1; ///< permits per window; 0 allows nothing, at most 1e18
    duration window = std::chrono::seconds(1);
    std::function<void(const rate_limit_event&)> on_event{}; ///< called for each refusal; see rate_limit_event
    const weir::clock* time = &system_clock();               ///< must outlive the limiter
};

/// Allows `limit` permits per window of time; see fixed_window_limiter and sliding_window_limiter. Process-wide and
/// thread-safe; decides under a lock. Its `run` makes it a layer of a stack.
template<class Rule>
class window_limiter {
public:
    /// Throws std::invalid_argument naming the invalid option.
    explicit window_limiter(window_limiter_options options = {});
    window_limiter(const window_limiter&) = delete;
    window_limiter& operator=(const window_limiter&) = delete;
    ~window_limiter() = default;

    /// Takes `n` permits if available; never more than the limit.
    bool try_acquire(std::size_t n = 1) { return acquire(n).allowed; }
    /// The same at a time that the caller knows already, such as `loop::now()`.
    bool try_acquire_at(time_point now, std::size_t n = 1) { return acquire_at(now, n).allowed; }

    /// The same, and returns the remaining permits and the time to retry. `n` = 0 only checks.
    rate_decision acquire(std::size_t n = 1) { return acquire_at(options_.time->now(), n); }
    rate_decision acquire_at(time_point now, std::size_t n = 1);

    /// Calls `f` if a permit is available; otherwise errc::resource_exhausted with its retry_after. Exceptions of `f`
    /// become errors.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// Changes the limit; permits taken stay taken. Throws like the constructor.
    void set_limit(std::size_t limit);

    rate_limiter_stats stats() const;

private:
    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(window_limiter& self, F f) {
        const rate_decision decided = self.acquire();
        if (!decided) co_return resilience::detail::call_result<F>(boost::system::in_place_error, decided.refusal());
        co_return co_await resilience::detail::call(f);
    }

    const window_limiter_options options_; // rule_ holds the current limit
    mutable std::mutex mutex_;             // guards the following members
    Rule rule_;
    typename Rule::state state_{};
    rate_limiter_stats stats_{};
};

/// Counts in windows that begin with the first permit after the last window ended: simple to explain to clients. Within
/// one window's length up to twice the limit may be allowed: at the end of one window and the start of the next.
using fixed_window_limiter = window_limiter<resilience::detail::fixed_window_rule>;

/// Approximates the last `window` with two numbers: the permits of this window, plus those of the previous one weighted
/// by the part still covered, as if spread evenly
/// (https://blog.cloudflare.com/counting-things-a-lot-of-different-things). The error is bounded: within any time t up
/// to a window at most limit * (1 + t / window) permits are allowed, as with a token bucket of that burst and rate; if
/// permits are spread evenly, at most the limit.
using sliding_window_limiter = window_limiter<resilience::detail::sliding_window_rule>;

extern template class window_limiter<resilience::detail::fixed_window_rule>;
extern template class window_limiter<resilience::detail::sliding_window_rule>;

} // namespace weir
