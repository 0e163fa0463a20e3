// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/scheduler.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir {

/// Returns a function for `scheduler::on_run` that counts job_runs_total by job and outcome, job_duration_seconds by
/// job, and job_overruns_total by job: runs so long that the next ones were skipped. `to` must outlive it.
///
///     app.jobs().on_run(weir::measure_jobs(metrics));
std::function<void(const job_report&)> measure_jobs(metrics& to);

} // namespace weir
