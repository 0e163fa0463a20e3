// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/redis/client.hpp>

#include <string_view>

namespace weir {

/// Exports a client's redis_commands_total, redis_errors_total by reason (`server`, `lost`, `late`, `cancelled`,
/// `refused`), redis_sent_bytes_total, redis_received_bytes_total, redis_reconnects_total, redis_failovers_total,
/// redis_redirects_total, redis_in_flight, redis_waiting and redis_connections, with the label `name`. The client must
/// outlive the metrics. For the histogram of latencies see `client_options::latency`. Throws std::invalid_argument for
/// a duplicate name.
void measure(metrics& to, const redis::client& of, std::string_view name);

} // namespace weir
