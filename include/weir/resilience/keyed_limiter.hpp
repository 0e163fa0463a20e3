// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/gcra.hpp>
#include <weir/resilience/protected_call.hpp>
#include <weir/resilience/window_rules.hpp>

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
    std::size_t keys = 0;      ///< that are remembered
    std::uint64_t evicted = 0; ///< keys that were forgotten while some of their permits were in use; over all time
    std::uint64_t allowed = 0; ///< calls, over all time, as the next one
    std::uint64_t refused = 0;
};

struct keyed_bucket_options {
    double rate = 1; ///< of each key, as `per` and `burst`: see token_bucket_options
    duration per = std::chrono::seconds(1);
    std::size_t burst = 1;
    std::size_t max_keys = 100'000;               ///< remembered at once, in about 100 bytes each
    duration idle_time = std::chrono::minutes(1); ///< a key whose bucket has been full for so long is forgotten
    std::function<void(const rate_limit_event&)> on_event{}; ///< each refusal; see rate_limit_event
    const weir::clock* time = &system_clock();               ///< outlives the limiter
};

struct keyed_window_options {
    std::size_t limit = 1; ///< of each key, as `window`: see window_limiter_options
    duration window = std::chrono::seconds(1);
    std::size_t max_keys = 100'000;               ///< remembered at once, in about 120 bytes each
    duration idle_time = std::chrono::minutes(1); ///< a key without permits in use for so long is forgotten
    std::function<void(const rate_limit_event&)> on_event{};
    const weir::clock* time = &system_clock(); ///< outlives the limiter
};

/// A limit for each key: a user, an address, a route. Keys of any length; one that is known needs no memory, and no key
/// is kept itself. Where there are max_keys, a new one takes the place of the key whose permits are in use the least:
/// the one that forgetting favours least. So a flood of new keys displaces its own, and a key at its limit is forgotten
/// early only for as many others that are at theirs. Thread-safe, process-wide: up to 64 shards, each with a lock and
/// its share of max_keys.
template<class Rule>
class keyed_limiter {
public:
    using options = std::conditional_t<std::is_same_v<Rule, resilience::detail::gcra_rule>, keyed_bucket_options,
                                       keyed_window_options>;

    /// Throws std::invalid_argument naming the option that makes no sense.
    explicit keyed_limiter(options with = {});
    keyed_limiter(const keyed_limiter&) = delete;
    keyed_limiter& operator=(const keyed_limiter&) = delete;
    ~keyed_limiter();

    /// Takes `n` permits of the key if they are there.
    bool try_acquire(std::string_view key, std::size_t n = 1) { return acquire(key, n).allowed; }
    /// The same by a time that the caller has at hand, as `loop::now()`.
    bool try_acquire_at(time_point now, std::string_view key, std::size_t n = 1) {
        return acquire_at(now, key, n).allowed;
    }

    /// The same, and says what remains and when to try again. 0 permits only look. Throws bad_alloc
    /// where there is no memory for a new key.
    rate_decision acquire(std::string_view key, std::size_t n = 1) { return acquire_at(options_.time->now(), key, n); }
    rate_decision acquire_at(time_point now, std::string_view key, std::size_t n = 1);

    /// Calls `f` when a permit of the key is there; errc::resource_exhausted with its retry_after otherwise. An
    /// exception out of `f` becomes an error.
    template<class F>
    auto run(std::string_view key, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::string(key), std::forward<F>(f));
    }

    /// Gives a key all of its permits again, as after a login that succeeded.
    void forget(std::string_view key) noexcept;
    /// Forgets the keys that are due by idle_time. Each call with a key forgets a few of them by itself.
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

/// A token bucket for each key.
///
///     keyed_bucket logins({.rate = 5, .per = 1min, .burst = 10});
///     if (!logins.try_acquire(user)) co_return errc::resource_exhausted;
using keyed_bucket = keyed_limiter<resilience::detail::gcra_rule>;
/// A fixed_window_limiter and a sliding_window_limiter for each key.
using keyed_fixed_window = keyed_limiter<resilience::detail::fixed_window_rule>;
using keyed_sliding_window = keyed_limiter<resilience::detail::sliding_window_rule>;

extern template class keyed_limiter<resilience::detail::gcra_rule>;
extern template class keyed_limiter<resilience::detail::fixed_window_rule>;
extern template class keyed_limiter<resilience::detail::sliding_window_rule>;

} // namespace weir
