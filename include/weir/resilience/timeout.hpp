// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/deadline.hpp>
#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir {

/// A call took longer than the limit.
struct timeout_event {
    duration limit{};
    duration took{}; ///< exceeds the limit by the time that the cancelled call needed to end
};

struct timeout_options {
    duration limit =
        std::chrono::seconds(1); ///< 0: calls aren't made at all; max(): only the context's deadline applies
    std::function<void(const timeout_event&)> on_event{}; ///< called on the call's loop; exceptions are ignored
};

struct timeout_stats {
    std::uint64_t calls = 0;
    std::uint64_t exceeded = 0; ///< calls that exceeded the limit rather than the caller's deadline
};

/// Bounds the duration of a call: at the limit the call is cancelled, and once it has ended, the outcome is
/// errc::deadline_exceeded. During the call the context's deadline is the earlier of this limit and the caller's
/// deadline, so pools, clients and sleeps respect it. Uses the loop's clock. Cancellation is passed on to the call.
/// Process-wide and thread-safe; must outlive its calls.
///
///     weir::timeout limit(200ms);
///     auto found = co_await limit.run([&] { return users.find(id); });
class timeout {
public:
    explicit timeout(duration limit) : timeout(timeout_options{.limit = limit}) {}
    /// Throws std::invalid_argument for a negative limit.
    explicit timeout(timeout_options options);
    timeout(const timeout&) = delete;
    timeout& operator=(const timeout&) = delete;

    /// Returns what `f` yields in time. `f` is called once, on the awaiting loop; its exceptions become errors.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    timeout_stats stats() const noexcept;

private:
    enum counted : std::size_t { calls, exceeded };

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(timeout& self, F f) {
        const executor here = co_await this_task;
        const weir::clock& time = here.context().loop().clock();
        const time_point begun = time.now();
        const time_point end = detail::later(begun, self.options_.limit);
        auto outcome = co_await with_deadline(end, resilience::detail::call(f));
        self.note(time.now() - begun, !outcome && outcome.error() == errc::deadline_exceeded);
        co_return outcome;
    }

    void note(duration took, bool late) noexcept;

    const timeout_options options_;
    resilience::detail::sharded_counts counts_;
};

} // namespace weir
