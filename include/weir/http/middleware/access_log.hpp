// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>

#include <string>
#include <vector>

namespace weir::http {

struct access_log_options {
    /// Proxies whose X-Forwarded-For is trusted: addresses or networks ("10.0.0.0/8"), so that other peers can't forge
    /// a client's address. A malformed one throws std::invalid_argument at start-up. Ignored when the middleware
    /// `trusted_proxies` has already determined the client.
    std::vector<std::string> trusted_proxies{};
    /// Paths that aren't logged when they succeed, such as health checks.
    std::vector<std::string> quiet{"/healthz", "/readyz", "/metrics"};
};

/// Logs one line per request once its response is rendered: method, path, route, status, duration_ms, bytes, client,
/// user_agent, request_id; from 500 on also `error` with its cause. There is exactly one line, however the request
/// ended; a request whose client went away has status 499. Query strings aren't logged, as they may contain secrets.
middleware access_log(logger log, access_log_options options = {});

} // namespace weir::http

namespace weir {
using http::access_log;
} // namespace weir
