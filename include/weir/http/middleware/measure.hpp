// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/metrics.hpp>

namespace weir::http {

/// Counts requests as http_requests_total{method,route,status} and times them as
/// http_request_duration_seconds{route}. The route is its pattern, so that ids make no series; what no route
/// has is `none`. The metrics outlive the router's server.
middleware measure(metrics& to);

} // namespace weir::http

namespace weir {
using http::measure;
} // namespace weir
