// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/scheduler.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir {

/// For `scheduler::on_run`: job_runs_total by job and outcome, job_duration_seconds by job, and job_overruns_total by
/// job, which counts the runs that took so long that others were left out. Outlived by `to`.
///
///     app.jobs().on_run(weir::measure_jobs(metrics));
std::function<void(const job_report&)> measure_jobs(metrics& to);

} // namespace weir
