// SPDX-License-Identifier: MIT
#include <weir/feed/event_writer_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const event_writer& of) {
    const std::vector<metric_label> named{{"name", of.prefix()}};
    const auto read = [&of](auto event_writer_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count = [&](const char* name, const char* help, std::uint64_t event_writer_stats::*value) {
        to.counter_from(name, help, named, read(value));
    };
    using stats = event_writer_stats;
    count("event_writer_accepted_total", "Events accepted", &stats::accepted);
    count("event_writer_written_total", "Events written to files", &stats::written);
    count("event_writer_dropped_total", "Events refused by a full queue or a closed writer", &stats::dropped);
    count("event_writer_lost_total", "Accepted events that were never written", &stats::lost);
    count("event_writer_batches_total", "Batches written", &stats::batches);
    count("event_writer_raw_bytes_total", "Bytes of written events before compression", &stats::raw_bytes);
    count("event_writer_file_bytes_total", "Bytes of written events on disk", &stats::file_bytes);
    count("event_writer_syncs_total", "Synchronizations to the disk", &stats::syncs);
    count("event_writer_completed_files_total", "Files completed", &stats::completed_files);
    count("event_writer_recovered_files_total", "Unfinished files of earlier runs completed", &stats::recovered_files);
    count("event_writer_deleted_files_total", "Old files deleted to stay below the limit", &stats::deleted_files);
    count("event_writer_lost_files_total", "Files removed by others before completion", &stats::lost_files);
    count("event_writer_failures_total", "Failed attempts to write", &stats::failures);
    to.gauge_from("event_writer_queued_bytes", "Bytes of events that wait", named, read(&stats::queued_bytes));
    to.gauge_from("event_writer_failing", "1 while the last attempt to write has failed", named, read(&stats::failing));
}

} // namespace weir
