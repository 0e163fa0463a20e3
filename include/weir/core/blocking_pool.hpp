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
    std::string name = "blocking"; ///< thread names: `name-0`, `name-1`, ...; at most 12 characters are kept
    std::size_t threads = 4;
    std::size_t queue = 1024; ///< jobs that may wait; one more is refused with errc::unavailable
};

struct blocking_pool_stats {
    std::size_t queued = 0;
    std::size_t running = 0;
    std::uint64_t completed = 0;
    std::uint64_t refused = 0;
};

namespace detail {

// One job of a pool, written by blocking_pool::run and carried without further allocation.
struct blocking_job {
    virtual ~blocking_job() = default;
    virtual void work(std::stop_token stop) = 0; // on a pool thread; doesn't throw

    std::stop_source stop;
    std::function<void(bool ran)> finished; // called once, on any thread
    enum class state : std::uint8_t { outside, queued, running, done } at = state::outside;
};

} // namespace detail

/// Named, bounded threads for libraries that block (SQL drivers, DNS, files). Process-wide; any loop may
/// use it, and each result comes back on the loop that asked.
class blocking_pool {
public:
    /// Starts the threads. Throws std::system_error when one of them can't be had.
    explicit blocking_pool(blocking_pool_options options = {});
    ~blocking_pool();
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    /// Runs `f()` or `f(std::stop_token)` on a pool thread and yields its value; an exception out of it
    /// becomes an error. Completes only when the job has ended, or has left the queue without running, so
    /// what `f` refers to in the awaiting frame stays alive. Cancellation takes a queued job out
    /// (errc::cancelled), as the context's deadline does (errc::deadline_exceeded); both stop a running
    /// one's token, and the job then decides when it ends and what it yields.
    /// errc::unavailable when the queue is full or the pool is closed.
    template<class F>
    auto run(F&& f);

    /// Refuses new jobs, lets queued and running ones end, joins the threads. Idempotent; blocks.
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
