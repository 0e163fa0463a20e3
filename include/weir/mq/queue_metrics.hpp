// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/queue.hpp>
#include <weir/observe/metrics.hpp>

#include <string_view>

namespace weir {

/// Exports a queue's queue_published_total, _publish_failed_total, _publish_waiting, _delivered_total, _done_total,
/// _retried_total, _dead_total, _returned_total and _handlers_running with the label `name`, and the histogram
/// queue_handler_seconds by topic and group. The queue must outlive the metrics. Throws std::invalid_argument for a
/// duplicate name.
void measure(metrics& to, queue& of, std::string_view name);

/// Exports a group's queue_depth, _delayed, _in_flight, _dead_letters and _oldest_seconds, with the labels `name`,
/// `topic` and `group`; 0 as long as there is no such group.
void measure_group(metrics& to, const queue& of, std::string_view name, std::string_view topic, std::string_view group);

} // namespace weir
