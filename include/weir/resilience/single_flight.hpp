// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/resilience/protected_call.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

struct single_flight_stats {
    std::uint64_t calls = 0;
    std::uint64_t runs = 0;        ///< times that one of them was made
    std::uint64_t shared = 0;      ///< calls that took over another one's result
    std::uint64_t handed_over = 0; ///< runs that were cancelled or out of time, and left to another caller
};

namespace resilience::detail {

// The flights of one single_flight, in shards with a lock each. Thread-safe.
class flight_table;

// One caller's part in a flight: it leads, which is to make the call, or it follows. Belongs to the caller's loop.
class flight_seat {
public:
    flight_seat(std::shared_ptr<flight_table> table, std::string_view key, context& ctx);
    // A leader without a result leaves the lead to a follower, if there is one.
    ~flight_seat();
    flight_seat(const flight_seat&) = delete;
    flight_seat& operator=(const flight_seat&) = delete;

    bool leads() const noexcept { return leads_; }

    // Waits for the result or the lead: ok, or why the caller doesn't wait any longer.
    task<errc> wait();
    // What was landed; null for a new leader.
    const std::shared_ptr<const void>& outcome() const noexcept { return outcome_; }

    // Whether the leader's call failed for reasons of its own, which are none for the followers.
    bool gave_up(const error& failed, bool cancelled) const noexcept;
    // No caller joins the flight any more; whether there are followers.
    bool close() noexcept;
    void land(std::shared_ptr<const void> outcome) noexcept;

private:
    struct part;
    std::unique_ptr<part> part_;
    bool leads_ = false;
    std::shared_ptr<const void> outcome_;
};

std::shared_ptr<flight_table> new_flight_table();
void forget(flight_table& table, std::string_view key) noexcept;
single_flight_stats stats_of(const flight_table& table) noexcept;
task<bool> is_cancelled();

} // namespace resilience::detail

/// Calls with the same key at the same time are made once, and share the result: Go's singleflight
/// (https://pkg.go.dev/golang.org/x/sync/singleflight). The first caller makes the call as its own, on its loop and
/// with its context; the others wait on theirs, each until its own deadline (errc::deadline_exceeded) or cancellation.
/// When the one that makes the call is cancelled or out of time, another one that waits makes it again. Process-wide
/// and thread-safe; T is copied on each caller's loop. A call that waits for its own key waits for ever.
///
///     weir::single_flight<user> flights;
///     auto found = co_await flights.run(key, [&] { return users.find(id); });
template<class T>
class single_flight {
    static_assert(std::copy_constructible<T> || std::is_void_v<T>,
                  "the callers share copies: T or shared_ptr<const T>");

public:
    single_flight() : table_(resilience::detail::new_flight_table()) {}
    single_flight(const single_flight&) = delete;
    single_flight& operator=(const single_flight&) = delete;
    /// Calls that are under way end as if it were still there.
    ~single_flight() = default;

    /// Yields what the one call yields, values and errors alike. `f` isn't called where another caller's is.
    template<class F>
    auto run(std::string_view key, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        static_assert(std::same_as<resilience::detail::call_result<std::decay_t<F>>, result<T>>,
                      "the call yields the T of the single_flight");
        return run_owned<std::decay_t<F>>(table_, std::string(key), std::forward<F>(f));
    }

    /// The next call with the key is made even if one is under way, whose callers keep waiting for it: after a write,
    /// say.
    void forget(std::string_view key) noexcept { resilience::detail::forget(*table_, key); }

    single_flight_stats stats() const noexcept { return resilience::detail::stats_of(*table_); }

private:
    using table = std::shared_ptr<resilience::detail::flight_table>;

    template<class F>
    static task<result<T>> run_owned(table all, std::string key, F f) {
        const executor here = co_await this_task;
        resilience::detail::flight_seat seat(std::move(all), key, here.context());
        if (!seat.leads()) {
            const errc left = co_await seat.wait();
            if (left != errc::ok) co_return result<T>(boost::system::in_place_error, left);
            if (const auto landed = std::static_pointer_cast<const result<T>>(seat.outcome())) co_return *landed;
        }
        auto outcome = co_await resilience::detail::call(f);
        const bool cancelled = co_await resilience::detail::is_cancelled();
        if (!outcome && seat.gave_up(outcome.error(), cancelled)) co_return outcome;
        if (seat.close()) seat.land(std::make_shared<const result<T>>(outcome));
        co_return outcome;
    }

    table table_;
};

} // namespace weir
