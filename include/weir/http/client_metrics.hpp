// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/client.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir::http {

/// For `client_options::on_call`: http_client_requests_total by host, method and status, which is the error's
/// kind where there was no response, and http_client_request_duration_seconds by host. Outlived by `to`; the
/// clients of all loops may share it. A client that talks to hosts without number has a series for each.
std::function<void(const client_report&)> measure_calls(metrics& to);

} // namespace weir::http
