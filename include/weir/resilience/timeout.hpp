// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/deadline.hpp>
#include <weir/resilience/protected_call.hpp>
#include <weir/resilience/sharded_counts.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir {

/// A call took longer than the limit.
struct timeout_event {
    duration limit{};
    duration took{}; ///< more than the limit by what the call needed to end after its cancellation
};

struct timeout_options {
    duration limit = std::chrono::seconds(1); ///< 0: calls aren't made at all; max(): the context's deadline alone
    std::function<void(const timeout_event&)> on_event{}; ///< on the call's loop; what it throws is dropped
};

struct timeout_stats {
    std::uint64_t calls = 0;
    std::uint64_t exceeded = 0; ///< of them by the limit, not by a deadline of the caller's
};

/// Bounds how long a call may take: at the limit it is cancelled, and once it has ended the outcome is
/// errc::deadline_exceeded. Within the call the context's deadline says what is left, be it of this limit or of the
/// caller's own deadline, so that pools, clients and sleeps keep to it. By the loop's clock. Cancellation is passed on
/// to the call. Process-wide and thread-safe; outlives its calls.
///
///     weir::timeout limit(200ms);
///     auto found = co_await limit.run([&] { return users.find(id); });
class timeout {
public:
    explicit timeout(duration limit) : timeout(timeout_options{.limit = limit}) {}
    /// Throws std::invalid_argument for a limit below 0.
    explicit timeout(timeout_options options);
    timeout(const timeout&) = delete;
    timeout& operator=(const timeout&) = delete;

    /// Yields what `f` yields in time. `f` is called on the awaiting loop, once; an exception out of it becomes an
    /// error.
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
