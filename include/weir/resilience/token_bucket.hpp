// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metric_cells.hpp>
#include <weir/resilience/detail/gcra.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace weir {

struct token_bucket_options {
    /// Permits per `per`; 0 allows nothing, infinity() everything. The time per permit is rounded up to whole
    /// nanoseconds, so the rate is never exceeded: at a million per second it is at most 0.1 % lower. The maximum is
    /// 1e9 per second.
    double rate = 1;
    duration per = std::chrono::seconds(1);
    std::size_t burst = 1; ///< permits that may be taken at once; 0 allows nothing. Must fill within 100 years
    duration max_wait{};   ///< how long `run` waits for a permit; zero refuses at once
    std::function<void(const rate_limit_event&)> on_event{}; ///< called for each refusal; see rate_limit_event
    const weir::clock* time = &system_clock();               ///< must outlive the bucket
};

namespace resilience::detail {
class shared_bucket;
} // namespace resilience::detail

/// Permits taken in advance. The destructor leaves them taken. Thread-safe.
class rate_reservation {
public:
    /// How long to wait before acting, from the time of the reservation; zero means not at all.
    duration delay() const noexcept { return delay_; }
    /// Returns the permits if possible, which it isn't once others have been taken after them. Returns whether it was.
    bool cancel() noexcept;

private:
    friend class resilience::detail::shared_bucket;
    rate_reservation(std::shared_ptr<resilience::detail::shared_bucket> of, std::int64_t before, std::int64_t after,
                     duration delay) noexcept
        : of_(std::move(of)), before_(before), after_(after), delay_(delay) {}

    std::shared_ptr<resilience::detail::shared_bucket> of_;
    std::int64_t before_; // the bucket's state without this reservation
    std::int64_t after_;
    duration delay_;
};

namespace resilience::detail {

// The state that a token_bucket shares with waiting tasks, which may outlive it. Thread-safe.
class alignas(64) shared_bucket : public std::enable_shared_from_this<shared_bucket> {
public:
    explicit shared_bucket(token_bucket_options options);

    time_point now() const noexcept { return options_.time->now(); }

    bool take(time_point now, std::size_t n) {
        std::int64_t arrival = 0;
        const std::int64_t at = now.time_since_epoch().count();
        if (take_at(at, n, arrival)) return true;
        if (options_.on_event) [[unlikely]]
            report(rule().describe(arrival, false, at, n));
        return false;
    }
    rate_decision decide(time_point now, std::size_t n);
    result<rate_reservation> reserve(std::size_t n, duration most);
    bool give_back(std::int64_t before, std::int64_t after) noexcept {
        return arrival_.compare_exchange_strong(after, before, std::memory_order_relaxed);
    }
    // Waits until `n` permits are due, but not longer than `most` and the context's deadline.
    static task<result<void>> wait(std::shared_ptr<shared_bucket> self, std::size_t n, duration most);

    void set_rate(double rate, duration per);
    void set_burst(std::size_t burst);
    duration max_wait() const noexcept { return options_.max_wait; }
    rate_limiter_stats stats() const noexcept;

private:
    struct alignas(64) counts {
        std::array<weir::detail::metric_cell, 2> cells{}; // allowed, refused
    };

    gcra_rule rule() const noexcept {
        return {interval_.load(std::memory_order_relaxed), burst_.load(std::memory_order_relaxed)};
    }
    void count(std::size_t cell) {
        const unsigned slot = weir::detail::thread_slot();
        weir::detail::add_to(counts_[slot].cells[cell], std::uint64_t{1}, slot);
    }
    // Sets `arrival` to the bucket's state after the decision.
    bool take_at(std::int64_t at, std::size_t n, std::int64_t& arrival) {
        const bool allowed = exchange(at, n, arrival);
        count(allowed ? 0 : 1);
        return allowed;
    }
    bool exchange(std::int64_t at, std::size_t n, std::int64_t& arrival) noexcept {
        arrival = arrival_.load(std::memory_order_relaxed);
        for (;;) {
            std::int64_t next = arrival;
            if (!rule().take(next, at, n)) return false;
            if (next == arrival) return true; // there is no limit
            if (arrival_.compare_exchange_weak(arrival, next, std::memory_order_relaxed)) {
                arrival = next;
                return true;
            }
        }
    }
    error not_reserved(const gcra_rule& by, std::int64_t arrival, std::int64_t at, std::size_t n);
    void report(const rate_decision& refused) const noexcept;
    void change(const gcra_rule& to) noexcept;
    void convert(const gcra_rule& from, const gcra_rule& to) noexcept;

    token_bucket_options options_; // rate and burst are guarded by mutex_
    std::atomic<std::int64_t> interval_;
    std::atomic<std::uint64_t> burst_;
    std::mutex mutex_; // serialises changes of interval_ and burst_
    alignas(64) std::atomic<std::int64_t> arrival_{0};
    std::array<counts, weir::detail::thread_slots> counts_;
};

} // namespace resilience::detail

/// Allows `rate` permits per `per`, and `burst` at once, modelled on Go's x/time/rate
/// (https://pkg.go.dev/golang.org/x/time/rate). A token bucket implemented as GCRA, the generic cell rate algorithm
/// (ITU-T I.371): its state is a single number, so taking a permit is one atomic exchange. Process-wide and
/// thread-safe. Its `run` makes it a layer of a stack.
///
///     token_bucket sms({.rate = 5, .burst = 10});
///     auto sent = co_await sms.run([&] { return gateway.send(message); });
class token_bucket {
public:
    /// Starts full. Throws std::invalid_argument naming the invalid option.
    explicit token_bucket(token_bucket_options options = {})
        : shared_(std::make_shared<resilience::detail::shared_bucket>(std::move(options))) {}
    token_bucket(const token_bucket&) = delete;
    token_bucket& operator=(const token_bucket&) = delete;
    /// May be destroyed while tasks wait: they still get their permits in time.
    ~token_bucket() = default;

    /// Takes `n` permits if available; never more than the burst.
    bool try_acquire(std::size_t n = 1) { return shared_->take(shared_->now(), n); }
    /// The same at a time that the caller knows already, such as `loop::now()`: reading the clock is most of the cost
    /// of `try_acquire`. A time in the past only refuses more.
    bool try_acquire_at(time_point now, std::size_t n = 1) { return shared_->take(now, n); }

    /// The same, and returns the remaining permits and the time to retry. `n` = 0 only checks.
    rate_decision acquire(std::size_t n = 1) { return shared_->decide(shared_->now(), n); }
    rate_decision acquire_at(time_point now, std::size_t n = 1) { return shared_->decide(now, n); }

    /// Takes `n` permits, in advance if necessary. errc::invalid_argument for more than the burst;
    /// errc::resource_exhausted if nothing is allowed, or nothing within 100 years.
    result<rate_reservation> reserve(std::size_t n = 1) { return shared_->reserve(n, duration::max()); }

    /// Waits until `n` permits are due, in the order of the calls. errc::resource_exhausted at once if that is after
    /// the context's deadline, errc::deadline_exceeded if the deadline has passed; otherwise the errors of `reserve`.
    /// Cancellation returns errc::cancelled and gives the permits back like rate_reservation::cancel.
    task<result<void>> wait(std::size_t n = 1) {
        return resilience::detail::shared_bucket::wait(shared_, n, duration::max());
    }

    /// Calls `f` if a permit is available within max_wait; otherwise errc::resource_exhausted with its retry_after.
    /// Exceptions of `f` become errors.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(shared_, std::forward<F>(f));
    }

    /// Changes the limit; permits taken stay taken, and a full bucket stays full. A concurrent call may use the old
    /// limit. Throws std::invalid_argument without changing anything.
    void set_rate(double rate, duration per = std::chrono::seconds(1)) { shared_->set_rate(rate, per); }
    void set_burst(std::size_t burst) { shared_->set_burst(burst); }

    rate_limiter_stats stats() const noexcept { return shared_->stats(); }

private:
    using shared_bucket = resilience::detail::shared_bucket;

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(std::shared_ptr<shared_bucket> shared, F f) {
        using outcome = resilience::detail::call_result<F>;
        if (shared->max_wait() > duration::zero()) {
            const auto admitted = co_await shared_bucket::wait(shared, 1, shared->max_wait());
            if (!admitted) co_return outcome(boost::system::in_place_error, admitted.error());
        } else {
            const rate_decision decided = shared->decide(shared->now(), 1);
            if (!decided) co_return outcome(boost::system::in_place_error, decided.refusal());
        }
        co_return co_await resilience::detail::call(f);
    }

    std::shared_ptr<shared_bucket> shared_;
};

inline bool rate_reservation::cancel() noexcept {
    const auto of = std::exchange(of_, nullptr);
    return of && of->give_back(before_, after_);
}

} // namespace weir
