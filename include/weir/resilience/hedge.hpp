// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/retry_budget.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// An event of a hedge: a call takes long.
struct hedge_event {
    enum class what : std::uint8_t {
        hedged,         ///< a second attempt begins
        won,            ///< the second attempt gave the first good result
        budget_refused, ///< the budget is used up, so there is no second attempt
    };
    what kind = what::hedged;
    duration after{}; ///< time since the call began
};

struct hedge_options {
    std::optional<duration> delay{}; ///< before the second attempt; default: `percentile` of observed times
    double percentile = 0.95;        ///< of the first attempts' times; above 0, below 1
    std::size_t min_calls = 100;     ///< observed calls needed first; until then there is no second attempt
    retry_budget* budget = nullptr;  ///< shared and must outlive the hedge; null: a private one
    std::function<void(const hedge_event&)> on_event{}; ///< called on the call's loop; exceptions are ignored
};

struct hedge_stats {
    std::uint64_t calls = 0;
    std::uint64_t hedged = 0; ///< second attempts
    std::uint64_t won = 0;    ///< second attempts whose result was used
    std::uint64_t budget_refused = 0;
};

namespace resilience::detail {

// The durations of the last one or two thousand calls, in buckets of 1/8 of their size, from 1 us to a minute.
// Thread-safe, lock-free.
class observed_times {
public:
    void note(duration took) noexcept;
    std::uint32_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    // At least that part of the durations are shorter.
    duration percentile(double part) const noexcept;

private:
    static constexpr std::size_t steps = 8;
    static constexpr std::size_t first_power = 10;
    static constexpr std::size_t powers = 26;

    static std::size_t place_of(duration took) noexcept;
    static duration end_of(std::size_t place) noexcept;
    void forget_half() noexcept;

    std::array<std::atomic<std::uint32_t>, powers * steps> counts_{};
    std::atomic<std::uint32_t> count_{0};
};

} // namespace resilience::detail

/// Starts a second attempt of a call that takes long, and returns the first good result: hedged requests, after Dean
/// and Barroso, The Tail at Scale (https://research.google/pubs/the-tail-at-scale/). The other attempt is cancelled,
/// and has ended when run() returns. Only for idempotent calls whose `f` may run twice at once. A first attempt that
/// fails before the delay isn't repeated; if both fail, the first one's error is returned. Bounded by a budget; uses
/// the loop's clock. Cancellation reaches both attempts. Process-wide and thread-safe; must outlive its calls.
///
///     weir::hedge second({.delay = 50ms});
///     auto found = co_await second.run([&] { return replica.find(id); });
class hedge {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit hedge(hedge_options options = {});
    hedge(const hedge&) = delete;
    hedge& operator=(const hedge&) = delete;

    /// Returns what `f` yields; `f` is called once or twice on the awaiting loop. Its exceptions become errors.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    hedge_stats stats() const noexcept;

private:
    enum counted : std::size_t { calls, hedged, won, budget_refused };
    struct race;
    // Runs one of the attempts; returns whether its result is good.
    using attempt = std::function<task<bool>(std::size_t number)>;

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(hedge& self, F f) {
        using outcome = resilience::detail::call_result<F>;
        std::array<std::optional<outcome>, 2> outcomes;
        const attempt start = [&f, &outcomes](std::size_t number) { return run_one(f, outcomes[number]); };
        const auto taken = co_await self.run_race(start);
        if (!taken) co_return outcome(boost::system::in_place_error, errc::cancelled);
        co_return std::move(*outcomes[*taken]);
    }

    template<class F>
    static task<bool> run_one(F& f, std::optional<resilience::detail::call_result<F>>& in) {
        in.emplace(co_await resilience::detail::call(f));
        co_return in->has_value();
    }

    // Returns the index of the attempt whose outcome counts, or nothing if the caller is cancelled already.
    task<std::optional<std::size_t>> run_race(const attempt& start);
    std::optional<duration> delay() const noexcept;
    void note(counted what, hedge_event::what kind, duration after) noexcept;

    const hedge_options options_;
    std::optional<retry_budget> own_budget_;
    retry_budget* const budget_;
    resilience::detail::observed_times times_;
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
