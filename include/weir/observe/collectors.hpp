// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>

namespace weir {

class blocking_pool;

/// Exports the process's CPU seconds, resident memory, open files and their limit, threads and start time, under the
/// names of Prometheus' client libraries (https://prometheus.io/docs/instrumenting/writing_clientlibs/). Reads /proc at
/// each scrape.
void observe_process(metrics& to);

/// Exports a pool's jobs: blocking_pool_queued, _running, _completed_total and _refused_total, with the label `pool`.
/// The pool must outlive the metrics. Throws std::invalid_argument for a second pool of the same name.
void observe(metrics& to, const blocking_pool& pool);

/// Exports log_lines_total, log_dropped_total and log_queued_bytes. Throws std::invalid_argument for a second log.
void observe(metrics& to, const logger& log);

} // namespace weir
