// SPDX-License-Identifier: MIT
#include <weir/app/job_metrics.hpp>

namespace weir {

std::function<void(const job_report&)> measure_jobs(metrics& to) {
    const auto runs = to.counters("job_runs_total", "Runs of jobs by outcome", {"job", "outcome"});
    const auto durations =
        to.histograms("job_duration_seconds", "Duration of job runs", {"job"}, exponential_buckets(0.001, 4, 10));
    const auto overruns = to.counters("job_overruns_total", "Runs that caused later ones to be skipped", {"job"});
    return [runs, durations, overruns](const job_report& run) {
        runs.with(run.job, name(run.ended)).add();
        durations.with(run.job).observe(run.took);
        if (run.overran) overruns.with(run.job).add();
    };
}

} // namespace weir
