// SPDX-License-Identifier: MIT
#include "core/suspend_on_loop.hpp"
#include <weir/app/scheduler.hpp>
#include <weir/core/cron_expression.hpp>
#include <weir/core/deadline.hpp>
#include <weir/core/lifecycle.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <stdexcept>

namespace weir {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// How often to check the wall clock, which may be set.
constexpr duration wall_clock_check = 1min;

std::minstd_rand seeded() {
    std::random_device random;
    return std::minstd_rand(random());
}

duration part_of(duration most, std::minstd_rand& random) {
    if (most <= duration::zero()) return duration::zero();
    return duration(std::uniform_int_distribution<duration::rep>(0, most.count() - 1)(random));
}

} // namespace

std::string_view name(job_report::outcome outcome) noexcept {
    switch (outcome) {
    case job_report::outcome::ok:
        return "ok";
    case job_report::outcome::failed:
        return "failed";
    case job_report::outcome::timed_out:
        return "timed_out";
    case job_report::outcome::cancelled:
        return "cancelled";
    }
    return "failed";
}

struct scheduler::job {
    std::string name{};
    work run{};
    job_options options{};
    duration period{};                      // either this
    std::optional<cron_expression> times{}; // or this, in local time
    std::minstd_rand random = seeded();

    std::optional<weir::context> context{}; // set once started, like the following members
    asio::cancellation_signal cancel{};
    bool running = false;
    bool over = false;
    std::uint64_t runs = 0;
    time_point due{};     // for a period
    wall_time due_wall{}; // for times, in UTC

    void plan_first(const clock& time) {
        due = options.at_start ? time.now() : detail::later(time.now(), period);
        if (times) due_wall = options.at_start ? time.wall_now() : next_wall(time.wall_now());
    }

    // Returns whether a run was skipped.
    bool plan_next(const clock& time) {
        if (times) return plan_next_time(time.wall_now());
        const auto periods = std::max<duration::rep>(1, (time.now() - due) / period + 1);
        due = detail::later(due, periods > duration::max() / period ? duration::max() : periods * period);
        return periods > 1;
    }

    bool plan_next_time(wall_time now) {
        const bool overran = next_wall(due_wall) <= now;
        due_wall = next_wall(now);
        return overran;
    }

    wall_time next_wall(wall_time after) const {
        const auto offset = std::chrono::duration_cast<std::chrono::microseconds>(options.utc_offset);
        return times->next_after(after + offset) - offset;
    }
};

scheduler::scheduler(logger log) : log_(std::move(log)) {}

scheduler::~scheduler() = default;

scheduler::job& scheduler::add(std::string name, work f, const job_options& options) {
    if (started_) throw std::logic_error("job \"" + name + "\" was added too late: the jobs have started");
    if (std::ranges::any_of(jobs_, [&](const job& one) { return one.name == name; }))
        throw std::invalid_argument("job \"" + name + "\": the name is taken");
    if (options.timeout <= duration::zero())
        throw std::invalid_argument("job \"" + name + "\": timeout: accepted are times above 0");
    if (options.jitter < duration::zero())
        throw std::invalid_argument("job \"" + name + "\": jitter: accepted are 0 or more");
    if (options.utc_offset < -24h || options.utc_offset > 24h)
        throw std::invalid_argument("job \"" + name + "\": utc_offset: accepted are -24 h to 24 h");
    job& made = jobs_.emplace_back();
    made.name = std::move(name);
    made.run = std::move(f);
    made.options = options;
    return made;
}

scheduler& scheduler::add_period(std::string name, duration period, work f, const job_options& options) {
    if (period <= duration::zero())
        throw std::invalid_argument("job \"" + name + "\": period: accepted are times above 0");
    if (options.jitter >= period)
        throw std::invalid_argument("job \"" + name + "\": jitter: accepted are times below the period");
    add(std::move(name), std::move(f), options).period = period;
    return *this;
}

scheduler& scheduler::add_times(std::string name, std::string_view expression, work f, const job_options& options) {
    const auto times = cron_expression::parse(expression);
    if (!times) throw std::invalid_argument("job \"" + name + "\": " + std::string(times.error().message()));
    add(std::move(name), std::move(f), options).times = *times;
    return *this;
}

scheduler& scheduler::on_run(observer report) {
    on_run_ = std::move(report);
    return *this;
}

void scheduler::start(loop& home) {
    if (std::exchange(started_, true)) throw std::logic_error("the jobs have started already");
    for (job& one : jobs_) {
        one.context.emplace(home);
        one.plan_first(home.clock());
        ++live_;
        home.spawn(serve(one), *one.context, one.cancel, [this, &one](std::exception_ptr thrown) {
            one.over = true;
            ended();
            if (thrown) std::rethrow_exception(thrown);
        });
    }
}

void scheduler::ended() noexcept {
    if (--live_ == 0 && wake_) std::exchange(wake_, nullptr)();
}

task<void> scheduler::serve(job& one) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    bool due = co_await until_due(one);
    while (due) {
        co_await run_once(one);
        due = co_await until_due(one);
    }
}

// Returns false when the scheduler ends.
task<bool> scheduler::until_due(job& one) {
    if (ending_) co_return false;
    one.context->reset();
    const clock& time = one.context->loop().clock();
    const duration later_by = part_of(one.options.jitter, one.random);
    result<void> slept = ok();
    if (!one.times) slept = co_await sleep_until(detail::later(one.due, later_by));
    const wall_time at = one.due_wall + std::chrono::floor<std::chrono::microseconds>(later_by);
    while (one.times && slept && time.wall_now() < at)
        slept = co_await sleep_for(std::min<duration>(at - time.wall_now(), wall_clock_check));
    co_return slept && !ending_;
}

task<void> scheduler::run_once(job& one) {
    using outcome = job_report::outcome;
    const clock& time = one.context->loop().clock();
    const time_point began = time.now();
    one.context->set_request_id(one.name + "-" + std::to_string(++one.runs));
    one.running = true;
    const time_point deadline = detail::later(began, one.options.timeout);
    const auto ended = co_await with_deadline(deadline, one.run());
    one.running = false;
    job_report run{one.name, outcome::ok, time.now() - began};
    if (!ended) {
        run.failure = ended.error();
        const bool late = ended.error() == errc::deadline_exceeded && deadline != time_point::max();
        run.ended = late ? outcome::timed_out : outcome::failed;
        if (ended.error() == errc::cancelled && ending_) run.ended = outcome::cancelled;
    }
    run.overran = one.plan_next(time);
    report(one, run);
}

void scheduler::report(const job& one, const job_report& run) const {
    using outcome = job_report::outcome;
    const auto took = field("duration_ms", std::chrono::duration<double, std::milli>(run.took).count());
    const auto id = field("request_id", one.context->request_id());
    if (run.ended == outcome::ok)
        log_.debug("job done", field("job", run.job), id, took);
    else if (run.ended == outcome::cancelled)
        log_.warn("job cancelled", field("job", run.job), id, took);
    else
        log_.error("job failed", field("job", run.job), id, took, field("error", run.failure));
    if (run.overran) log_.warn("job took too long, runs were skipped", field("job", run.job), id, took);
    if (!on_run_) return;
    try {
        on_run_(run);
    } catch (...) {
        log_.error("the on_run observer of a job failed", field("job", run.job), field("error", current_error()));
    }
}

void scheduler::end() {
    if (std::exchange(ending_, true)) return;
    for (job& one : jobs_)
        if (started_ && !one.running && !one.over) one.cancel.emit(asio::cancellation_type::total);
}

void scheduler::cancel_all() {
    for (job& one : jobs_)
        if (!one.over) one.cancel.emit(asio::cancellation_type::total);
}

task<bool> scheduler::stop(time_point deadline) {
    const executor here = co_await this_task;
    loop& home = here.context().loop();
    end();
    co_await until_over(home, deadline);
    const bool in_time = std::ranges::none_of(jobs_, &job::running);
    cancel_all();
    co_await until_over(home, detail::later(home.clock().now(), lifecycle::patience));
    if (live_ > 0) log_.error("cancelled jobs didn't end in time and are abandoned", field("jobs", live_));
    co_return in_time;
}

// Waits until all jobs have ended, but no longer than `at`.
task<void> scheduler::until_over(loop& home, time_point at) {
    if (live_ == 0) co_return;
    const auto timer = home.call_at(at, [this] {
        if (wake_) std::exchange(wake_, nullptr)();
    });
    auto begin = [this](std::shared_ptr<detail::loop_waiter<>> waiter) {
        wake_ = [waiter = std::move(waiter)] { waiter->post(); };
    };
    co_await detail::suspend_on_loop(begin);
    home.cancel_timer(timer);
}

} // namespace weir
