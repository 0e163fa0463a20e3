// SPDX-License-Identifier: MIT
#include <weir/app/job_metrics.hpp>
#include <weir/app/scheduler.hpp>
#include <weir/core/rfc3339.hpp>

#include <boost/asio/this_coro.hpp>
#include <doctest/doctest.h>

#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

using outcome = job_report::outcome;

struct seen_run {
    std::string job;
    outcome ended;
    duration took;
    bool overran;
};

struct scheduler_fixture {
    manual_clock time; // 2026-01-01T00:00:00Z, a Thursday
    std::string lines;
    logger log{callback_sink([this](std::string_view line) { lines.append(line).append("\n"); }),
               {.level = weir::log_level::debug, .asynchronous = false, .clock = &time}};
    scheduler jobs{log};
    std::vector<seen_run> runs;
    int count = 0;
    loop home{time}; // destroyed first, and the tasks with it

    scheduler_fixture() {
        jobs.on_run([this](const job_report& run) {
            runs.push_back({std::string(run.job), run.ended, run.took, run.overran});
        });
    }

    void start() {
        jobs.start(home);
        pass({});
    }

    // In steps, because the wall clock is checked once per minute.
    void pass(duration by) {
        constexpr duration step = 30s;
        for (; by > step; by -= step) pass(step);
        time.advance(by);
        while (home.poll() > 0) {
        }
    }

    auto counting() {
        return [this] { ++count; };
    }

    // A job that takes this long unless it is cancelled.
    auto sleeping(duration how_long) {
        return [this, how_long]() -> task<result<void>> {
            ++count;
            co_return co_await sleep_for(how_long);
        };
    }

    std::optional<bool> stopped;
    void stop(duration within) {
        auto stopping = [](scheduler_fixture& on, time_point until) -> task<void> {
            on.stopped = co_await on.jobs.stop(until);
        };
        home.spawn(stopping(*this, time.now() + within));
        pass({});
    }
};

} // namespace

TEST_CASE_FIXTURE(scheduler_fixture, "a job runs once per period, first one period after the start") {
    jobs.every("tick", 1min, counting());
    start();
    pass(1min - 1ns);
    CHECK(count == 0);
    pass(1ns);
    CHECK(count == 1);
    pass(10min);
    CHECK(count == 11);
    CHECK(runs.front().job == "tick");
    CHECK(runs.front().ended == outcome::ok);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a job with at_start runs at once and then once per period") {
    jobs.every("tick", 1min, counting(), {.at_start = true});
    start();
    CHECK(count == 1);
    pass(1min);
    CHECK(count == 2);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a job never runs concurrently with itself, and runs due meanwhile are skipped") {
    jobs.every("slow", 1min, sleeping(150s));
    start();
    pass(1min);
    CHECK(count == 1);
    pass(150s - 1ns);
    CHECK(count == 1);
    CHECK(runs.empty());
    pass(1ns); // at 3:30: the runs due at 2:00 and 3:00 were skipped
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].took == 150s);
    CHECK(runs[0].overran);
    pass(30s - 1ns);
    CHECK(count == 1);
    pass(1ns);
    CHECK(count == 2);
    CHECK(lines.find("job took too long, runs were skipped") != std::string::npos);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a job that fails or throws is logged and runs again") {
    auto fails = [this]() -> result<void> {
        if (++count == 1) return error(errc::unavailable, "no disk");
        if (count == 2) throw std::runtime_error("a bug");
        if (count == 3) throw std::bad_alloc();
        return ok();
    };
    jobs.every("flaky", 1min, fails);
    start();
    pass(4min);
    REQUIRE(runs.size() == 4);
    for (int i = 0; i < 3; ++i) CHECK(runs[static_cast<std::size_t>(i)].ended == outcome::failed);
    CHECK(runs[3].ended == outcome::ok);
    CHECK(lines.find(R"("job":"flaky","request_id":"flaky-1")") != std::string::npos);
    CHECK(lines.find("no disk") != std::string::npos);
    CHECK(lines.find("a bug") != std::string::npos);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a run that exceeds its timeout is cancelled, and the next one follows") {
    auto without_end = [this]() -> task<result<void>> {
        ++count;
        for (;;) {
            auto slept = co_await sleep_for(1s);
            if (!slept) co_return slept;
        }
    };
    jobs.every("stuck", 1min, without_end, {.timeout = 10s});
    start();
    pass(1min + 10s);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].ended == outcome::timed_out);
    CHECK(runs[0].took == 10s);
    pass(50s);
    CHECK(count == 2);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a run has its name and number as request id and its timeout as deadline") {
    std::vector<std::string> ids;
    std::vector<duration> left;
    auto look = [&]() -> task<void> {
        const executor here = co_await this_task;
        ids.push_back(here.context().request_id());
        left.push_back(here.context().deadline() - time.now());
        here.context().attach(std::string("kept"));
    };
    std::vector<bool> clean;
    auto look_twice = [&]() -> task<void> {
        const executor here = co_await this_task;
        clean.push_back(here.context().find<std::string>() == nullptr);
        co_await look();
    };
    jobs.every("look", 1min, look_twice, {.timeout = 5s});
    start();
    pass(2min);
    CHECK(ids == std::vector<std::string>{"look-1", "look-2"});
    CHECK(left == std::vector<duration>{5s, 5s});
    CHECK(clean == std::vector<bool>{true, true});
}

TEST_CASE_FIXTURE(scheduler_fixture, "jitter delays a run by less than its maximum") {
    std::vector<duration> begun;
    const auto start_time = time.now();
    auto note = [&] { begun.push_back(time.now() - start_time); };
    jobs.every("spread", 1min, note, {.jitter = 10s});
    start();
    for (int i = 0; i < 600; ++i) pass(1s);
    REQUIRE(begun.size() >= 9);
    for (std::size_t i = 0; i < begun.size(); ++i) {
        const duration due = (i + 1) * 1min;
        CHECK(begun[i] >= due);
        CHECK(begun[i] <= due + 10s);
    }
}

TEST_CASE_FIXTURE(scheduler_fixture, "a cron job runs at its times in the given time zone") {
    std::vector<std::string> begun;
    auto note = [&] {
        std::string at;
        append_rfc3339(at, time.wall_now());
        begun.push_back(at);
    };
    jobs.cron("night", "30 3 * * *", note);
    jobs.cron("morning in Beijing", "0 9 * * fri", note, {.utc_offset = 8h});
    start();
    pass(26h);
    CHECK(begun == std::vector<std::string>{"2026-01-01T03:30:00Z", "2026-01-02T01:00:00Z"});
}

TEST_CASE_FIXTURE(scheduler_fixture, "a cron job with at_start also runs at once, and a long run skips times") {
    jobs.cron("often", "* * * * *", sleeping(90s), {.at_start = true});
    start();
    CHECK(count == 1);
    pass(90s);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].overran);
    pass(30s);
    CHECK(count == 2);
}

TEST_CASE_FIXTURE(scheduler_fixture, "when the scheduler ends no run begins, and one in progress continues") {
    jobs.every("slow", 1min, sleeping(20s));
    jobs.every("idle", 90s, counting());
    start();
    pass(1min);
    stop(30s);
    CHECK(!stopped);
    pass(20s);
    CHECK(stopped == true);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].ended == outcome::ok);
    pass(1h);
    CHECK(count == 1);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a run still in progress at a stop's deadline is cancelled") {
    jobs.every("slow", 1min, sleeping(1h));
    start();
    pass(1min);
    stop(5s);
    pass(5s);
    CHECK(stopped == false);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].ended == outcome::cancelled);
    CHECK(runs[0].took == 5s);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a run that can't be cancelled is abandoned") {
    auto deaf = [this]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        ++count;
        co_await sleep_for(1h);
    };
    jobs.every("deaf", 1min, deaf);
    start();
    pass(1min);
    stop(5s);
    pass(5s);
    CHECK(!stopped);
    pass(1s);
    CHECK(stopped == false);
    CHECK(lines.find("cancelled jobs didn't end in time") != std::string::npos);
}

TEST_CASE_FIXTURE(scheduler_fixture,
                  "stop() returns at once before any run, without jobs, before the start and a second time") {
    SUBCASE("before any run") {
        jobs.every("tick", 1min, counting());
        start();
    }
    SUBCASE("without jobs") { start(); }
    SUBCASE("before the start") { jobs.every("tick", 1min, counting()); }
    for (int i = 0; i < 2; ++i) {
        stopped.reset();
        stop(5s);
        CHECK(stopped == true);
    }
    pass(5min);
    CHECK(count == 0);
}

TEST_CASE_FIXTURE(scheduler_fixture, "a loop that ends before its jobs destroys them") {
    {
        loop other(time);
        jobs.every("slow", 1min, sleeping(1h));
        jobs.every("idle", 1h, counting());
        jobs.start(other);
        time.advance(1min);
        while (other.poll() > 0) {
        }
        CHECK(count == 1);
    }
    CHECK(runs.empty());
}

TEST_CASE_FIXTURE(scheduler_fixture, "an observer that throws is logged and harms no job") {
    jobs.on_run([](const job_report&) { throw std::runtime_error("no metrics"); });
    jobs.every("tick", 1min, counting());
    start();
    pass(2min);
    CHECK(count == 2);
    CHECK(lines.find("no metrics") != std::string::npos);
}

TEST_CASE_FIXTURE(scheduler_fixture, "invalid options and duplicate names are refused with the job's name") {
    const auto refusal = [&](auto add) {
        try {
            add();
            return std::string("accepted");
        } catch (const std::logic_error& why) {
            return std::string(why.what());
        }
    };
    const auto with = [&](const job_options& options) { jobs.every("odd", 1min, counting(), options); };
    CHECK(refusal([&] { jobs.every("odd", 0s, counting()); }) == "job \"odd\": period: accepted are times above 0");
    CHECK(refusal([&] { with({.timeout = 0s}); }) == "job \"odd\": timeout: accepted are times above 0");
    CHECK(refusal([&] { with({.jitter = -1ns}); }) == "job \"odd\": jitter: accepted are 0 or more");
    CHECK(refusal([&] { with({.jitter = 1min}); }) == "job \"odd\": jitter: accepted are times below the period");
    CHECK(refusal([&] { with({.utc_offset = 25h}); }) == "job \"odd\": utc_offset: accepted are -24 h to 24 h");
    CHECK(refusal([&] { jobs.cron("odd", "99 * * * *", counting()); }).starts_with("job \"odd\": cron: minute \"99\""));
    jobs.every("even", duration::max(), counting());
    CHECK(refusal([&] { jobs.every("even", 1min, counting()); }) == "job \"even\": the name is taken");
    start();
    CHECK(refusal([&] { jobs.every("late", 1min, counting()); }).find("was added too late") != std::string::npos);
    pass(24h);
    CHECK(count == 0); // the longest period never passes
}

TEST_CASE_FIXTURE(scheduler_fixture, "runs are counted by job and outcome, and timed") {
    metrics numbers;
    jobs.on_run(measure_jobs(numbers));
    jobs.every("slow", 1min, sleeping(90s));
    jobs.every("late", 1min, sleeping(1h), {.timeout = 1s});
    start();
    pass(150s);
    const std::string text = numbers.text();
    CHECK(text.find("job_runs_total{job=\"slow\",outcome=\"ok\"} 1\n") != std::string::npos);
    CHECK(text.find("job_runs_total{job=\"late\",outcome=\"timed_out\"} 2\n") != std::string::npos);
    CHECK(text.find("job_overruns_total{job=\"slow\"} 1\n") != std::string::npos);
    CHECK(text.find("job_duration_seconds_sum{job=\"slow\"} 90\n") != std::string::npos);
}
