// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/observe/log.hpp>
#include <weir/resilience/protected_call.hpp>

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
    bool at_start = false; ///< runs also when the service starts
    duration jitter{}; ///< each run begins up to so much later, by chance, so that instances spread; below the period
    duration timeout = duration::max(); ///< a run that takes longer is cancelled
    duration utc_offset{};              ///< of the times of a cron expression: 8h for Beijing
};

/// How a run of a job ended.
struct job_report {
    enum class outcome : std::uint8_t { ok, failed, timed_out, cancelled };

    std::string_view job;
    outcome ended = outcome::ok;
    duration took{};
    error failure{};
    bool overran = false; ///< the next run was due before this one ended, and is left out
};

/// `timed_out`, as in metrics. A static string.
std::string_view name(job_report::outcome outcome) noexcept;

/// Runs jobs again and again: each `period`, or at the times of a cron expression. A job never runs twice at once: what
/// is due while it runs is left out. Errors and exceptions are logged, and the job runs again at its next time. Each
/// run has a context of its own, whose request id is `NAME-NUMBER`. Every instance of a service runs its jobs: what has
/// to run once among them takes a lock, in the database for example. Belongs to one loop and outlives it; wrong
/// options and names that are taken throw std::invalid_argument.
class scheduler {
public:
    using observer = std::function<void(const job_report&)>;

    explicit scheduler(logger log);
    ~scheduler();
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;

    /// Runs `f` each period; first a period after the start. `f` returns nothing, a result, or a task of either.
    template<class F>
    scheduler& every(std::string name, duration period, F f, job_options options = {}) {
        return add_period(std::move(name), period, as_work(std::move(f)), options);
    }

    /// Runs `f` at the times of a cron_expression.
    template<class F>
    scheduler& cron(std::string name, std::string_view expression, F f, job_options options = {}) {
        return add_times(std::move(name), expression, as_work(std::move(f)), options);
    }

    /// Called after each run, on the loop; `measure_jobs` makes metrics of it. What it throws is logged.
    scheduler& on_run(observer report);

    /// Starts the jobs. Jobs that are added later throw std::logic_error.
    void start(loop& home);

    /// Begins no run from now on; runs that are under way go on.
    void end();

    /// Waits for the runs that are under way, and cancels them at the deadline; whether all of them ended before.
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
    std::list<job> jobs_; // their tasks refer to them
    bool started_ = false;
    bool ending_ = false;
    std::size_t live_ = 0;         // jobs whose tasks haven't ended
    std::function<void()> wake_{}; // of who waits for that
};

} // namespace weir
