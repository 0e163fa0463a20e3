// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/client.hpp>
#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/keyed_rate_limiter.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::redis {

struct rate_limiter_options {
    double rate = 1; ///< per key, for all processes together, like `per` and `burst`: see token_bucket_options
    duration per = std::chrono::seconds(1);
    std::size_t burst = 1;
    std::string prefix = "rate:"; ///< of the keys in Redis; limiters with different rates need different ones
    duration timeout = std::chrono::milliseconds(50); ///< how long a decision waits for Redis
    /// the part of the rate and of the burst, at least one permit, that this process allows by itself while Redis is
    /// away: one divided by the number of processes keeps the limit; 0 refuses everything, 1 allows most
    double local_share = 0.5;
    std::size_t max_keys = 100'000; ///< with permits in use while Redis is away: see keyed_limiter
    duration retry_base = std::chrono::milliseconds(100); ///< until Redis is asked again, doubled each time, ±50 %
    duration retry_max = std::chrono::seconds(5);
    std::function<void(const rate_limit_event&)> on_event{}; ///< called for each refusal; see rate_limit_event
    const weir::clock* time = &system_clock(); ///< of the local share and the pauses; must outlive the limiter
};

struct rate_limiter_stats {
    std::uint64_t allowed = 0; ///< calls over all time, whatever their number of permits
    std::uint64_t refused = 0;
    std::uint64_t local_decisions = 0; ///< of these, without Redis
    std::uint64_t unanswered = 0;      ///< calls that Redis didn't answer in time, or couldn't serve
    std::uint64_t rejected = 0;        ///< calls that Redis answered with another error, such as `wrongtype`
    std::size_t local_keys = 0;        ///< keys in memory
    bool degraded = false;             ///< decisions are local until Redis answers again
};

namespace detail {
class shared_limit;
} // namespace detail

/// Limits the rate per key over all processes that use one Redis: a token bucket as GCRA (ITU-T I.371, as in
/// https://github.com/go-redis/redis_rate) in a script on Redis' own clock, so the processes' clocks don't matter. One
/// round trip per decision; a key expires once its bucket is full. Process-wide and thread-safe. Needs Redis 5.
///
/// If Redis doesn't answer in `timeout`, a local share of the limit decides, for the first calls after that wait and
/// then at once; one call after each pause asks Redis again.
///
///     redis::rate_limiter logins(db, {.rate = 5, .per = 1min, .burst = 10, .prefix = "logins:"});
///     auto decided = co_await logins.acquire(user);
class rate_limiter final : public keyed_rate_limiter {
public:
    /// Throws std::invalid_argument naming the invalid option. Calls may outlive the limiter and the client.
    explicit rate_limiter(client& on, rate_limiter_options options = {});

    /// Takes `n` permits of the key if available; `n` = 0 only checks. errc::cancelled and, at the context's deadline,
    /// errc::deadline_exceeded may still have taken them.
    task<result<rate_decision>> acquire(std::string_view key, std::size_t n = 1) override;

    /// Calls `f` if a permit of the key is available; otherwise errc::resource_exhausted with its retry_after.
    /// Exceptions of `f` become errors.
    template<class F>
    auto run(std::string_view key, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(acquire(key), std::forward<F>(f));
    }

    rate_limiter_stats stats() const;

private:
    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(task<result<rate_decision>> deciding, F f) {
        using outcome = resilience::detail::call_result<F>;
        const auto decided = co_await std::move(deciding);
        if (!decided) co_return outcome(boost::system::in_place_error, decided.error());
        if (!*decided) co_return outcome(boost::system::in_place_error, decided->refusal());
        co_return co_await resilience::detail::call(f);
    }

    std::shared_ptr<detail::shared_limit> shared_;
};

} // namespace weir::redis
