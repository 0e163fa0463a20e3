// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/observe/log.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

struct job_options {
    bool at_start = false; ///< also run when the service starts
    duration jitter{};     ///< random delay of each run up to this, to spread instances; less than the period
    duration timeout = duration::max(); ///< longer runs are cancelled
    duration utc_offset{};              ///< offset of a cron expression's times: 8h for Beijing
};

/// How a run of a job ended.
struct job_report {
    enum class outcome : std::uint8_t { ok, failed, timed_out, cancelled };

    std::string_view job;
    outcome ended = outcome::ok;
    duration took{};
    error failure{};
    bool overran = false; ///< the next run was due before this one ended and is skipped
};

/// `timed_out`, as in metrics. A static string.
std::string_view name(job_report::outcome outcome) noexcept;

/// Runs jobs repeatedly: once per `period`, or at the times of a cron expression. A job never runs concurrently with
/// itself: runs that fall due while it runs are skipped. Errors and exceptions are logged, and the job runs again at
/// its next time. Each run has its own context with the request id `NAME-NUMBER`. Every instance of a service runs its
/// jobs; use a lock, for example in the database, for work that one instance must do. Belongs to one loop and must
/// outlive it; invalid options and duplicate names throw std::invalid_argument.
class scheduler {
public:
    using observer = std::function<void(const job_report&)>;

    explicit scheduler(logger log);
    ~scheduler();
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;

    /// Runs `f` once per period, for the first time one period after the start. `f` returns nothing, a result, or a
    /// task of either.
    template<class F>
    scheduler& every(std::string name, duration period, F f, job_options options = {}) {
        return add_period(std::move(name), period, as_work(std::move(f)), options);
    }

    /// Runs `f` at the times of a cron_expression.
    template<class F>
    scheduler& cron(std::string name, std::string_view expression, F f, job_options options = {}) {
        return add_times(std::move(name), expression, as_work(std::move(f)), options);
    }

    /// Sets a function that is called on the loop after each run, such as `measure_jobs`. Its exceptions are logged.
    scheduler& on_run(observer report);

    /// Starts the jobs. Adding a job after that throws std::logic_error.
    void start(loop& home);

    /// Begins no further run; runs in progress continue.
    void end();

    /// Waits for the runs in progress and cancels them at the deadline; returns whether all ended before it.
    task<bool> stop(time_point deadline);

private:
    struct job;
    using work = std::function<task<result<void>>()>;

    template<class F>
    static work as_work(F f) {
        static_assert(std::is_same_v<resilience::detail::call_result<F>, result<void>>,
                      "a job returns nothing, result<void>, or a task of either");
        return [f = std::move(f)]() mutable { return resilience::detail::call(f); };
    }

    scheduler& add_period(std::string name, duration period, work f, const job_options& options);
    scheduler& add_times(std::string name, std::string_view expression, work f, const job_options& options);
    job& add(std::string name, work f, const job_options& options);
    task<void> serve(job& one);
    task<bool> until_due(job& one);
    task<void> run_once(job& one);
    task<void> until_over(loop& home, time_point at);
    void report(const job& one, const job_report& run) const;
    void ended() noexcept;
    void cancel_all();

    logger log_;
    observer on_run_;
    std::list<job> jobs_; // a list, because their tasks hold references
    bool started_ = false;
    bool ending_ = false;
    std::size_t live_ = 0;         // jobs whose tasks haven't ended
    std::function<void()> wake_{}; // resumes the stop that waits for them
};

} // namespace weir
