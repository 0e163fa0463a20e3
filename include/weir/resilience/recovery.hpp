// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>
#include <weir/resilience/retry.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// How a failure is handled.
enum class recovery_level : std::uint8_t {
    none,         ///< not at all: the error is the answer
    transient,    ///< L1: the call is repeated with a delay
    connection,   ///< L2: the call is made to the standby, or repeated if there is none
    inconsistent, ///< L3: nothing is repeated; the work is kept for manual repair
};

/// The name in logs, such as `transient`. A static string.
std::string_view name(recovery_level level) noexcept;

/// Maps errors to recovery levels: by code if the code has an entry, otherwise by kind. Defaults: unavailable is
/// `connection`; deadline_exceeded and resource_exhausted are `transient`; internal, unknown and the code
/// `outcome_unknown` are `inconsistent`; all others are `none`. Not thread-safe while modified.
class recovery_table {
public:
    recovery_table();

    recovery_table& set(errc kind, recovery_level level);
    recovery_table& set(std::string code, recovery_level level);

    recovery_level level_of(const error& failure) const noexcept;

private:
    std::array<recovery_level, static_cast<std::size_t>(errc::deadline_exceeded) + 1> by_kind_{};
    std::vector<std::pair<std::string, recovery_level>> by_code_;
};

/// One step of a recovery.
struct recovery_event {
    enum class what : std::uint8_t {
        retrying,    ///< L1: the call is made again after `delay`
        switched,    ///< L2: the call is made to the standby
        recovered,   ///< the repeated or switched call succeeded
        unrecovered, ///< it failed, or couldn't be tried: alert
        parked,      ///< L3: the work was kept for manual repair: alert
        park_failed, ///< L3: keeping it failed: alert
    };
    what kind = what::retrying;
    recovery_level level = recovery_level::none;
    std::string_view work{}; ///< as passed to run(); empty for retrying
    duration delay{};
    error failure{}; ///< the call's error; for park_failed that of `park`
};

/// The name in logs, such as `switched`. A static string.
std::string_view name(recovery_event::what kind) noexcept;

struct recovery_options {
    recovery_table table{};
    /// Options of the retries; `idempotent` also applies to the switch to the standby. `retries` and `on_event` must be
    /// empty: recovery sets them itself and throws std::invalid_argument otherwise.
    retry_options backoff{};
    /// Stores inconsistent work for manual repair; awaited before run() returns. Default: only the event is reported.
    std::function<task<result<void>>(const recovery_event&)> park{};
    std::function<void(const recovery_event&)> on_event{}; ///< called on the call's loop; exceptions are ignored
};

struct recovery_stats {
    std::uint64_t calls = 0;
    std::uint64_t retries = 0;
    std::uint64_t switched = 0;
    std::uint64_t recovered = 0;
    std::uint64_t unrecovered = 0;
    std::uint64_t parked = 0;
    std::uint64_t park_failed = 0;
};

/// Handles failures by their level: repeats the call, makes it to a standby, or stops and keeps the work for manual
/// repair. A call that isn't recovered returns its last error, which an enclosing circuit_breaker counts:
/// `stack{breaker, recover}`. As with retry, a call is repeated or switched only if it had_no_effect() or is
/// `idempotent`. Cancellation ends it. Process-wide and thread-safe; must outlive its calls.
///
///     auto found = co_await recover.run([&] { return primary.find(id); }, [&] { return standby.find(id); });
class recovery {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit recovery(recovery_options options = {});
    recovery(const recovery&) = delete;
    recovery& operator=(const recovery&) = delete;

    /// Returns what `f` or `standby` yields; both must yield the same type. Both are called on the awaiting loop; their
    /// exceptions become errors.
    template<std::invocable F>
    auto run(F&& f) {
        return run(std::string_view(), std::forward<F>(f));
    }
    template<std::invocable F, std::invocable Standby>
    auto run(F&& f, Standby&& standby) {
        return run(std::string_view(), std::forward<F>(f), std::forward<Standby>(standby));
    }
    /// The same with a name that identifies the work to an operator: `order 7`.
    template<std::invocable F>
    auto run(std::string_view work, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_alone<std::decay_t<F>>(*this, std::string(work), std::forward<F>(f));
    }
    template<std::invocable F, std::invocable Standby>
    auto run(std::string_view work, F&& f, Standby&& standby) {
        static_assert(awaitable_call<F> && awaitable_call<Standby>,
                      "name this lambda before awaiting it, or capture by reference");
        static_assert(std::is_same_v<resilience::detail::call_result<std::decay_t<F>>,
                                     resilience::detail::call_result<std::decay_t<Standby>>>,
                      "the call and the standby must yield the same type");
        return run_both<std::decay_t<F>, std::decay_t<Standby>>(
            *this, std::string(work), std::forward<F>(f), std::forward<Standby>(standby));
    }

    recovery_stats stats() const noexcept;

private:
    enum counted : std::size_t { calls, retries, switched, recovered, unrecovered, parked, park_failed };

    // One call's path through the levels.
    struct course {
        recovery& self;
        std::string work;
        recovery_level level = recovery_level::none;
        bool tried = false; // a recovery was tried
    };

    template<class F>
    static task<resilience::detail::call_result<F>> run_alone(recovery& self, std::string work, F f) {
        course way{self, std::move(work)};
        auto outcome = co_await self.attempt(self.alone_, way, f);
        const error failed = outcome ? error() : outcome.error();
        co_await self.finish(way, failed);
        co_return outcome;
    }

    template<class F, class Standby>
    static task<resilience::detail::call_result<F>> run_both(recovery& self, std::string work, F f, Standby standby) {
        course way{self, std::move(work)};
        auto outcome = co_await self.attempt(self.with_standby_, way, f);
        error failed = outcome ? error() : outcome.error();
        if (failed && self.switches(way, failed)) {
            outcome = co_await resilience::detail::call(standby);
            failed = outcome ? error() : outcome.error();
        }
        co_await self.finish(way, failed);
        co_return outcome;
    }

    // Makes the call as often as L1 requires.
    template<class F>
    task<resilience::detail::call_result<F>> attempt(retry& backoff, course& way, F& f) {
        counts_.add(calls);
        std::size_t made = 0;
        auto counting = [&made, &f] {
            ++made;
            return resilience::detail::call(f);
        };
        auto outcome = co_await backoff.run(counting);
        way.tried = made > 1;
        way.level = recovery_level::transient;
        co_return outcome;
    }

    retry_options backoff_for(bool has_standby);
    // Whether to make the call to the standby.
    bool switches(course& way, const error& failed);
    // Reports the outcome; keeps the work of L3.
    task<void> finish(course& way, error failed);
    task<void> park(course& way, error failed);
    void note(counted what, const recovery_event& event) noexcept;

    const recovery_options options_;
    retry_budget budget_;
    retry with_standby_;
    retry alone_;
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
