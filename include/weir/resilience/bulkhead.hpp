// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/task.hpp>
#include <weir/resilience/detail/protected_call.hpp>

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
    full,   ///< the limits of calls in flight and waiting are reached
    waited, ///< the call waited for `max_wait`
};

struct bulkhead_event {
    std::string_view bulkhead{}; ///< the bulkhead's name
    bulkhead_refusal why = bulkhead_refusal::full;
};

struct bulkhead_options {
    std::string name = "bulkhead";        ///< in events, metrics and logs
    std::size_t max_concurrent = 64;      ///< calls in flight; at least 1
    std::size_t max_waiting = 64;         ///< calls that may wait; 0: none
    duration max_wait = duration::zero(); ///< 0: no waiting; max(): until the context's deadline
    /// Called for each refused call, on its thread and without a lock. Exceptions are counted in the stats and
    /// otherwise ignored.
    std::function<void(const bulkhead_event&)> on_event{};
};

struct bulkhead_stats {
    std::size_t in_flight = 0;
    std::size_t waiting = 0;
    std::size_t max_concurrent = 0;
    std::uint64_t admitted = 0;        ///< over all time, like the next ones; includes calls that waited
    std::uint64_t waited = 0;          ///< calls that had to wait, whatever the outcome
    std::uint64_t refused = 0;         ///< because no place was free
    std::uint64_t refused_waiting = 0; ///< after `max_wait`
    std::uint64_t left_waiting = 0;    ///< ended by a deadline, cancellation or the end of their loop
    std::uint64_t events_failed = 0;   ///< on_event threw
};

/// Bounds the number of concurrent calls, so that a slow dependency can't use up all resources (Nygard, "Release It!").
/// If the options allow it, further calls wait, first come, first served. Process-wide and thread-safe: a call that
/// ends on one loop lets a call on another loop proceed there. Waits on the awaiting loop's clock. If destroyed early,
/// it lets calls in flight end and refuses waiting ones (errc::unavailable).
///
///     auto found = co_await slots.run([&] { return search.find(words); });
class bulkhead {
    struct state;
    class waiter;

public:
    /// A place for one call, freed by the destructor.
    class permit;

    /// Throws std::invalid_argument for an option out of range.
    explicit bulkhead(bulkhead_options options = {});
    bulkhead(const bulkhead&) = delete;
    bulkhead& operator=(const bulkhead&) = delete;
    ~bulkhead();

    /// Returns what `f` yields as a result, without suspending if a place is free. errc::unavailable with the code
    /// `bulkhead_full` if there is none. While waiting, errc::deadline_exceeded at the context's deadline and
    /// errc::cancelled when cancelled; after that both are passed to `f`.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// Returns a place if one is free and no call waits for it; otherwise the same error.
    result<permit> try_acquire() noexcept;
    /// Returns a place, with the same waiting and errors as run().
    task<result<permit>> acquire();

    /// Changes the limit of calls in flight; waiting calls that now fit proceed. Surplus calls in flight continue.
    /// Throws std::invalid_argument for 0.
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
