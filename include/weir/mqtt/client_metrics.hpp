// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mqtt/client.hpp>
#include <weir/observe/metrics.hpp>

namespace weir::mqtt {

/// Exports a client's mqtt_connected (0 or 1), mqtt_connects_total, _connect_failures_total, _disconnects_total,
/// _published_total, _publish_failures_total, _refused_total, _waiting, _waiting_bytes, _received_total,
/// _handled_total, _handler_errors_total, _dropped_total and _unmatched_total, with the label `name`. The client must
/// outlive the metrics. Throws std::invalid_argument for a second client of the same name.
void measure(metrics& to, const client& of);

} // namespace weir::mqtt
