// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>

namespace weir {

struct blocking_pool_options {
    std::string name = "blocking"; ///< thread names are `name-0`, `name-1`, ...; truncated to 12 characters
    std::size_t threads = 4;
    std::size_t queue = 1024; ///< jobs that may wait; further ones are refused with errc::unavailable
};

struct blocking_pool_stats {
    std::size_t queued = 0;
    std::size_t running = 0;
    std::uint64_t completed = 0;
    std::uint64_t refused = 0;
};

namespace detail {

// A job of a pool. blocking_pool::run keeps it in its coroutine frame, so queueing it needs no further allocation.
struct blocking_job {
    virtual ~blocking_job() = default;
    virtual void work(std::stop_token stop) = 0; // on a pool thread; doesn't throw

    std::stop_source stop;
    std::function<void(bool ran)> finished; // called once, on any thread
    enum class state : std::uint8_t { outside, queued, running, done } at = state::outside;
};

} // namespace detail

/// A named, bounded set of threads for libraries that block (SQL drivers, DNS, files). Process-wide: any loop may use
/// it, and each result is delivered on the calling loop.
class blocking_pool {
public:
    /// Starts the threads. Throws std::system_error if a thread can't be created.
    explicit blocking_pool(blocking_pool_options options = {});
    ~blocking_pool();
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    /// Runs `f()` or `f(std::stop_token)` on a pool thread and returns its value; an exception becomes an error.
    /// Completes only after the job has ended or has left the queue unrun, so `f` may refer to the awaiting frame.
    /// Cancellation (errc::cancelled) and the context's deadline (errc::deadline_exceeded) remove a queued job; for a
    /// running job they request a stop through its token, and the job decides when to end and what to return.
    /// errc::unavailable when the queue is full or the pool is closed.
    template<class F>
    auto run(F&& f);

    /// Refuses new jobs, waits for queued and running ones, joins the threads. Idempotent; blocks.
    void close();

    blocking_pool_stats stats() const;
    const std::string& name() const noexcept;

private:
    struct impl;

    task<result<void>> execute(detail::blocking_job& job);

    template<class R, class F>
    static task<result<R>> run_owned(blocking_pool& pool, F f);

    std::unique_ptr<impl> impl_;
};

namespace detail {

template<class F>
auto call_job(F& f, std::stop_token stop) {
    if constexpr (std::is_invocable_v<F&, std::stop_token>)
        return f(std::move(stop));
    else
        return f();
}

template<class F>
using job_value = decltype(call_job(std::declval<std::decay_t<F>&>(), std::stop_token{}));

template<class R, class F>
struct typed_job final : blocking_job {
    explicit typed_job(F& callable) : f(callable) {}

    void work(std::stop_token token) override {
        try {
            if constexpr (std::is_void_v<job_value<F>>) {
                call_job(f, std::move(token));
                value.emplace();
            } else {
                value.emplace(call_job(f, std::move(token)));
            }
        } catch (...) {
            value.emplace(boost::system::in_place_error, current_error());
        }
    }

    F& f;
    std::optional<result<R>> value;
};

template<class T>
struct unwrap_result {
    using type = T;
};
template<class T>
struct unwrap_result<result<T>> {
    using type = T;
};

} // namespace detail

template<class F>
auto blocking_pool::run(F&& f) {
    static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
    using value = typename detail::unwrap_result<detail::job_value<F>>::type;
    return run_owned<value, std::decay_t<F>>(*this, std::forward<F>(f));
}

template<class R, class F>
task<result<R>> blocking_pool::run_owned(blocking_pool& pool, F f) {
    detail::typed_job<R, F> job(f);
    auto ran = co_await pool.execute(job);
    if (!ran) co_return result<R>(boost::system::in_place_error, ran.error()); // R may be bool
    co_return std::move(*job.value);
}

} // namespace weir
