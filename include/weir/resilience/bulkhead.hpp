// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/task.hpp>
#include <weir/resilience/protected_call.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

/// Why a bulkhead refused a call.
enum class bulkhead_refusal : std::uint8_t {
    full,   ///< as many calls are in flight and waiting as may be
    waited, ///< `max_wait` was over
};

struct bulkhead_event {
    std::string_view bulkhead{}; ///< its name
    bulkhead_refusal why = bulkhead_refusal::full;
};

struct bulkhead_options {
    std::string name = "bulkhead";        ///< for events, metrics and logs
    std::size_t max_concurrent = 64;      ///< calls in flight; 1 and more
    std::size_t max_waiting = 64;         ///< calls that may wait for a place; 0: none waits
    duration max_wait = duration::zero(); ///< 0: none waits; max(): until the context's deadline
    /// Called for each refused call, on its thread and without a lock. An exception out of it is counted in the stats
    /// and goes no further.
    std::function<void(const bulkhead_event&)> on_event{};
};

struct bulkhead_stats {
    std::size_t in_flight = 0;
    std::size_t waiting = 0;
    std::size_t max_concurrent = 0;
    std::uint64_t admitted = 0;        ///< over all time, as the rest; with those that had waited
    std::uint64_t waited = 0;          ///< calls that had to wait, whatever became of them
    std::uint64_t refused = 0;         ///< as nothing was free
    std::uint64_t refused_waiting = 0; ///< as `max_wait` was over
    std::uint64_t left_waiting = 0;    ///< at a deadline, by cancellation or with their loop
    std::uint64_t events_failed = 0;   ///< on_event threw
};

/// Bounds how many calls are in flight at once, so that a slow dependency can't take everything (Nygard, "Release
/// It!"). A call that finds no place waits in line, where the options let it: first come, first served. Process-wide
/// and thread-safe: one loop's end of a call lets another loop's go on, there. Waits on the clock of the awaiting loop.
/// Destroyed with calls in flight or waiting, it lets the first ones end and refuses the others (errc::unavailable).
///
///     auto found = co_await slots.run([&] { return search.find(words); });
class bulkhead {
    struct state;
    class waiter;

public:
    /// A place for one call, until it goes.
    class permit;

    /// Throws std::invalid_argument for an option out of its range.
    explicit bulkhead(bulkhead_options options = {});
    bulkhead(const bulkhead&) = delete;
    bulkhead& operator=(const bulkhead&) = delete;
    ~bulkhead();

    /// Yields what `f` yields as a result, and doesn't suspend where a place is free. Where there is none:
    /// errc::unavailable with the code `bulkhead_full`. errc::deadline_exceeded at the context's deadline and
    /// errc::cancelled when cancelled, both while it waits; later they are for `f`.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// A place if one is free and no call waits for it; the same error otherwise.
    result<permit> try_acquire() noexcept;
    /// A place, with the same waiting and errors as run().
    task<result<permit>> acquire();

    /// From now on so many may be in flight; waiting calls that fit in go on. Calls in flight beyond that end in their
    /// own time. Throws std::invalid_argument for 0.
    void set_max_concurrent(std::size_t most);

    bulkhead_stats stats() const;
    const std::string& name() const noexcept;

private:
    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(bulkhead& of, F f);

    permit admit() noexcept;
    task<result<permit>> wait();

    std::shared_ptr<state> state_;
};

class [[nodiscard]] bulkhead::permit {
public:
    permit(permit&& other) noexcept = default;
    permit& operator=(permit&& other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~permit() {
        if (of_) release();
    }

private:
    friend class bulkhead;

    explicit permit(std::shared_ptr<state> of) noexcept : of_(std::move(of)) {}

    explicit operator bool() const noexcept { return of_ != nullptr; }
    void release() noexcept;

    std::shared_ptr<state> of_; // null: no place
};

template<class F>
task<resilience::detail::call_result<F>> bulkhead::run_owned(bulkhead& of, F f) {
    permit place = of.admit();
    if (!place) {
        auto granted = co_await of.wait();
        if (!granted) co_return resilience::detail::call_result<F>(boost::system::in_place_error, granted.error());
        place = std::move(*granted);
    }
    co_return co_await resilience::detail::call(f);
}

} // namespace weir
