// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>

namespace weir {

class blocking_pool;

/// The process's CPU seconds, resident memory, open files and their limit, threads and start time, under
/// the names that Prometheus' client libraries use (https://prometheus.io/docs/instrumenting/writing_clientlibs/).
/// Read from /proc at each scrape.
void observe_process(metrics& to);

/// A pool's jobs: blocking_pool_queued, _running, _completed_total and _refused_total, with the label `pool`.
/// The pool outlives the metrics. Throws std::invalid_argument for a second pool of the same name.
void observe(metrics& to, const blocking_pool& pool);

/// log_lines_total, log_dropped_total and log_queued_bytes. Throws std::invalid_argument for a second log.
void observe(metrics& to, const logger& log);

} // namespace weir
