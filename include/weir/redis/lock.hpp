// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/deadline.hpp>
#include <weir/redis/client.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::redis {

struct lock_options {
    std::string prefix =
        "lock:"; ///< of the keys in Redis: `lock:{name}` and, for its fencing tokens, `lock:{name}:fence`
    duration ttl = std::chrono::seconds(30);       ///< how long Redis keeps a lock that isn't renewed; 10 ms to 1 day
    duration wait{};                               ///< for a lock that is held; 0: not at all
    duration poll = std::chrono::milliseconds(50); ///< between attempts while waiting, ±50 %
    /// replaces the randomness of `poll` in tests: returns a number in [0, 1)
    std::function<double()> random{};
};

struct lock_stats {
    std::uint64_t acquired = 0;        ///< over all time, like the next ones
    std::uint64_t refused = 0;         ///< attempts that ended because another holder kept the lock
    std::uint64_t renewed = 0;         ///< renewals that succeeded
    std::uint64_t failed_renewals = 0; ///< tries that Redis didn't answer; others follow until the lock is lost
    std::uint64_t lost = 0;            ///< locks lost while they were held
    std::uint64_t held = 0;            ///< at this moment
};

namespace detail {
class lock_core;
class held_state;
} // namespace detail

/// A lock that is held, and renewed in the background every third of its ttl. The destructor releases it in the
/// background. Belongs to one loop, but may outlive it. A moved-from one is as if lost.
class [[nodiscard]] held_lock {
public:
    explicit held_lock(std::shared_ptr<detail::held_state> state) noexcept : state_(std::move(state)) {}
    held_lock(held_lock&& other) noexcept = default;
    held_lock& operator=(held_lock&& other) noexcept;
    ~held_lock();

    /// A number that grows with each acquisition of this name. Send it along with each write that the lock protects, so
    /// that the resource can refuse a number lower than one it has seen. It is the time of Redis in microseconds, or
    /// the previous number plus one, so it also grows if Redis loses its data.
    std::uint64_t fencing_token() const noexcept;

    /// Whether another process may hold the lock: it couldn't be renewed, or its time has passed by the loop's clock.
    bool lost() const noexcept;

    /// Waits until the lock is lost or released. errc::cancelled and errc::deadline_exceeded as usual.
    task<result<void>> until_lost() const;

    /// Releases the lock, if it is still this one's. errc::conflict with the code `lock_lost` if it was lost; errors of
    /// the client, after which Redis drops the lock when its ttl has passed. The second call does nothing.
    task<result<void>> release();

    /// For this folder's other types.
    const std::shared_ptr<detail::held_state>& state() const noexcept { return state_; }

private:
    std::shared_ptr<detail::held_state> state_;
};

namespace detail {

task<result<held_lock>> acquire_lock(std::shared_ptr<lock_core> core, std::string name, duration ttl, duration wait);
task<result<held_lock>> acquire_lock(std::shared_ptr<lock_core> core, std::string name);
// Runs the work, cancels it if the lock is lost, and releases the lock. Returns no error unless the lock was lost or
// the caller is cancelled.
task<result<void>> run_while_held(held_lock& held, task<void> work);

} // namespace detail

/// Mutual exclusion between processes by a key in Redis (SET NX PX with a random token; released and renewed only with
/// that token). For efficiency: it spares work that would be done twice. It is no proof that there is one holder: Redis
/// replicates asynchronously, so a failover or a restart can grant the lock twice, and a paused process may act on a
/// lock that has expired. If that would do damage, let the resource check `held_lock::fencing_token`. Sources:
/// https://redis.io/docs/latest/develop/use/patterns/distributed-locks/ and
/// https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html. Process-wide and thread-safe.
class lock {
public:
    /// Throws std::invalid_argument naming the invalid option. Locks and calls may outlive it and the client.
    explicit lock(client& on, lock_options options = {});

    /// Takes the lock, or waits for it by polling, in no order. errc::conflict with the code `lock_held` if another
    /// holder keeps it for `wait`; errc::invalid_argument for an invalid name, ttl or wait; errors of the client. After
    /// an error or a cancellation, a lock that Redis may have granted is released in the background.
    task<result<held_lock>> acquire(std::string_view name) { return detail::acquire_lock(core_, std::string(name)); }
    task<result<held_lock>> acquire(std::string_view name, duration ttl, duration wait = {}) {
        return detail::acquire_lock(core_, std::string(name), ttl, wait);
    }

    /// Calls `f(held)` with the lock, a `held_lock&`, and releases it afterwards. If the lock is lost meanwhile, the
    /// call is cancelled, and the outcome is errc::conflict with the code `lock_lost`. Exceptions of `f` become errors.
    ///
    ///     auto done = co_await locks.with_lock("report", [&](redis::held_lock&) { return write_report(); });
    template<class F>
    auto with_lock(std::string_view name, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(acquire(name), std::forward<F>(f));
    }

    lock_stats stats() const noexcept;

private:
    template<class F>
    struct bound_call {
        F& f;
        held_lock& held;
        auto operator()() { return f(held); }
    };

    template<class F>
    static task<resilience::detail::call_result<bound_call<F>>> run_owned(task<result<held_lock>> acquiring, F f) {
        using outcome = resilience::detail::call_result<bound_call<F>>;
        auto held = co_await std::move(acquiring);
        if (!held) co_return outcome(boost::system::in_place_error, held.error());
        bound_call<F> call{f, *held};
        std::optional<outcome> said;
        auto work = weir::detail::store_outcome(resilience::detail::call(call), said);
        const auto kept = co_await detail::run_while_held(*held, std::move(work));
        if (!kept) co_return outcome(boost::system::in_place_error, kept.error());
        if (!said) co_return outcome(boost::system::in_place_error, errc::cancelled);
        co_return std::move(*said);
    }

    std::shared_ptr<detail::lock_core> core_;
};

} // namespace weir::redis
