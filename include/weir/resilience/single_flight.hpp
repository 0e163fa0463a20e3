// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/resilience/detail/protected_call.hpp>

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
    std::uint64_t runs = 0;        ///< calls actually made
    std::uint64_t shared = 0;      ///< calls that got another one's result
    std::uint64_t handed_over = 0; ///< runs that were cancelled or timed out and were taken over by another caller
};

namespace resilience::detail {

// The flights of a single_flight, in shards with a lock each. Thread-safe.
class flight_table;

// One caller's part in a flight: the leader makes the call, followers wait. Belongs to the caller's loop.
class flight_seat {
public:
    flight_seat(std::shared_ptr<flight_table> table, std::string_view key, context& ctx);
    // A leader without a result hands the lead to a follower, if there is one.
    ~flight_seat();
    flight_seat(const flight_seat&) = delete;
    flight_seat& operator=(const flight_seat&) = delete;

    bool leads() const noexcept { return leads_; }

    // Waits for the result or the lead. Returns ok, or why the wait ended.
    task<errc> wait();
    // The landed result; null for a new leader.
    const std::shared_ptr<const void>& outcome() const noexcept { return outcome_; }

    // Whether the leader's call failed for a reason that doesn't apply to the followers.
    bool gave_up(const error& failed, bool cancelled) const noexcept;
    // Lets no further caller join the flight; returns whether there are followers.
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

/// Merges concurrent calls with the same key into one and shares its result, like Go's singleflight
/// (https://pkg.go.dev/golang.org/x/sync/singleflight). The first caller makes the call on its loop with its context;
/// the others wait on theirs, each until its own deadline (errc::deadline_exceeded) or cancellation. If the calling one
/// is cancelled or times out, a waiting one makes the call again. Process-wide and thread-safe; each caller copies T on
/// its loop. A call that waits for its own key never ends.
///
///     weir::single_flight<user> flights;
///     auto found = co_await flights.run(key, [&] { return users.find(id); });
template<class T>
class single_flight {
    static_assert(std::copy_constructible<T> || std::is_void_v<T>,
                  "the callers get copies: use a copyable T or shared_ptr<const T>");

public:
    single_flight() : table_(resilience::detail::new_flight_table()) {}
    single_flight(const single_flight&) = delete;
    single_flight& operator=(const single_flight&) = delete;
    /// Calls in progress complete as if the object still existed.
    ~single_flight() = default;

    /// Returns the result of the shared call, value or error. `f` isn't called if another caller's is in progress.
    template<class F>
    auto run(std::string_view key, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        static_assert(std::same_as<resilience::detail::call_result<std::decay_t<F>>, result<T>>,
                      "the call must yield the single_flight's T");
        return run_owned<std::decay_t<F>>(table_, std::string(key), std::forward<F>(f));
    }

    /// Makes the next call with this key run even if one is in progress, whose callers keep waiting for it; for example
    /// after a write.
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
