// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/gcra.hpp>
#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/detail/window_rules.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

struct keyed_limiter_stats {
    std::size_t keys = 0;      ///< keys in memory
    std::uint64_t evicted = 0; ///< keys evicted while some of their permits were in use; over all time
    std::uint64_t allowed = 0; ///< calls over all time, like the next one
    std::uint64_t refused = 0;
};

struct keyed_bucket_options {
    double rate = 1; ///< per key, like `per` and `burst`: see token_bucket_options
    duration per = std::chrono::seconds(1);
    std::size_t burst = 1;
    std::size_t max_keys = 100'000;               ///< kept in memory, about 100 bytes each
    duration idle_time = std::chrono::minutes(1); ///< a key is dropped once its bucket has been full for this long
    std::function<void(const rate_limit_event&)> on_event{}; ///< called for each refusal; see rate_limit_event
    const weir::clock* time = &system_clock();               ///< must outlive the limiter
};

struct keyed_window_options {
    std::size_t limit = 1; ///< per key, like `window`: see window_limiter_options
    duration window = std::chrono::seconds(1);
    std::size_t max_keys = 100'000;               ///< kept in memory, about 120 bytes each
    duration idle_time = std::chrono::minutes(1); ///< a key is dropped once it had no permits in use for this long
    std::function<void(const rate_limit_event&)> on_event{};
    const weir::clock* time = &system_clock(); ///< must outlive the limiter
};

/// A limit per key: a user, an address, a route. Keys may have any length; only a hash of them is kept, and a known key
/// needs no allocation. At max_keys, a new key replaces the one with the fewest permits in use, which gains least from
/// being dropped. So a flood of new keys displaces its own, and a key at its limit is evicted early only if as many
/// others are at theirs. Process-wide and thread-safe: up to 64 shards, each with a lock and its share of max_keys.
template<class Rule>
class keyed_limiter {
public:
    using options = std::conditional_t<std::is_same_v<Rule, resilience::detail::gcra_rule>, keyed_bucket_options,
                                       keyed_window_options>;

    /// Throws std::invalid_argument naming the invalid option.
    explicit keyed_limiter(options with = {});
    keyed_limiter(const keyed_limiter&) = delete;
    keyed_limiter& operator=(const keyed_limiter&) = delete;
    ~keyed_limiter();

    /// Takes `n` permits of the key if available.
    bool try_acquire(std::string_view key, std::size_t n = 1) { return acquire(key, n).allowed; }
    /// The same at a time that the caller knows already, such as `loop::now()`.
    bool try_acquire_at(time_point now, std::string_view key, std::size_t n = 1) {
        return acquire_at(now, key, n).allowed;
    }

    /// The same, and returns the remaining permits and the time to retry. `n` = 0 only checks. Throws bad_alloc if
    /// there is no memory for a new key.
    rate_decision acquire(std::string_view key, std::size_t n = 1) { return acquire_at(options_.time->now(), key, n); }
    rate_decision acquire_at(time_point now, std::string_view key, std::size_t n = 1);

    /// Calls `f` if a permit of the key is available; otherwise errc::resource_exhausted with its retry_after.
    /// Exceptions of `f` become errors.
    template<class F>
    auto run(std::string_view key, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::string(key), std::forward<F>(f));
    }

    /// Restores all permits of a key, for example after a successful login.
    void forget(std::string_view key) noexcept;
    /// Drops the keys whose idle_time has passed. Each call with a key also drops a few of them.
    void trim() noexcept;

    keyed_limiter_stats stats() const;

private:
    struct shards;

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(keyed_limiter& self, std::string key, F f) {
        const rate_decision decided = self.acquire(key);
        if (!decided) co_return resilience::detail::call_result<F>(boost::system::in_place_error, decided.refusal());
        co_return co_await resilience::detail::call(f);
    }

    const options options_;
    const std::unique_ptr<shards> shards_;
};

/// A token bucket per key.
///
///     keyed_bucket logins({.rate = 5, .per = 1min, .burst = 10});
///     if (!logins.try_acquire(user)) co_return errc::resource_exhausted;
using keyed_bucket = keyed_limiter<resilience::detail::gcra_rule>;
/// A fixed_window_limiter and a sliding_window_limiter per key.
using keyed_fixed_window = keyed_limiter<resilience::detail::fixed_window_rule>;
using keyed_sliding_window = keyed_limiter<resilience::detail::sliding_window_rule>;

extern template class keyed_limiter<resilience::detail::gcra_rule>;
extern template class keyed_limiter<resilience::detail::fixed_window_rule>;
extern template class keyed_limiter<resilience::detail::sliding_window_rule>;

} // namespace weir
