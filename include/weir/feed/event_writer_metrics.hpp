// SPDX-License-Identifier: MIT
#pragma once

#include <weir/feed/event_writer.hpp>
#include <weir/observe/metrics.hpp>

namespace weir {

/// Exports a writer's event_writer_accepted_total, _written_total, _dropped_total, _lost_total, _queued_bytes,
/// _batches_total, _raw_bytes_total, _file_bytes_total, _syncs_total, _completed_files_total, _recovered_files_total,
/// _deleted_files_total, _lost_files_total, _failures_total and _failing (0 or 1), with the label `name`, which is the
/// prefix. The writer must outlive the metrics. Throws std::invalid_argument for a second writer of the same prefix.
void measure(metrics& to, const event_writer& of);

} // namespace weir
