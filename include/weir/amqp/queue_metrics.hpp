// SPDX-License-Identifier: MIT
#pragma once

#include <weir/amqp/queue.hpp>
#include <weir/mq/queue_metrics.hpp>

#include <string_view>

namespace weir::amqp {

/// Exports amqp_connected by `use` (`publish`, `consume`), amqp_blocked, amqp_unconfirmed, amqp_connections_total,
/// _failed_total and _lost_total, amqp_unroutable_total, amqp_nacked_total, amqp_outcome_unknown_total and
/// amqp_cancelled_total with the label `name`, beside the metrics of weir::measure. The queue must outlive the metrics.
/// Throws std::invalid_argument for a duplicate name.
void measure(metrics& to, queue& of, std::string_view name);

} // namespace weir::amqp
