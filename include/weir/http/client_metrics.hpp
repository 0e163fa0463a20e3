// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/client.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir::http {

/// Returns a function for `client_options::on_call` that records http_client_requests_total by host, method and status
/// (the error's kind where there was no response), and http_client_request_duration_seconds by host. `to` must outlive
/// it; the clients of all loops may share it. Each host gets its own series, so it doesn't suit a client of unboundedly
/// many hosts.
std::function<void(const client_report&)> measure_calls(metrics& to);

} // namespace weir::http
