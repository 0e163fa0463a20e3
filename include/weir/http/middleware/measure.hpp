// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/metrics.hpp>

namespace weir::http {

/// Counts requests as http_requests_total{method,route,status} and times them as http_request_duration_seconds{route}.
/// The route label is the pattern, so that ids don't create series; it is `none` for an unmatched path. The metrics
/// must outlive the router's server.
middleware measure(metrics& to);

} // namespace weir::http

namespace weir {
using http::measure;
} // namespace weir
