// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>

#include <string>
#include <vector>

namespace weir::http {

struct access_log_options {
    /// Proxies whose X-Forwarded-For is believed: addresses or networks ("10.0.0.0/8"). Others can't make
    /// up a client's address. A malformed one throws std::invalid_argument at start-up. Where the middleware
    /// `trusted_proxies` has found out the client already, that counts.
    std::vector<std::string> trusted_proxies{};
    /// Paths that aren't logged when they succeed, such as health checks.
    std::vector<std::string> quiet{"/healthz", "/readyz", "/metrics"};
};

/// One line for each request once its response is rendered: method, path, route, status, duration_ms, bytes,
/// client, user_agent, request_id; `error` with its cause from 500 on. Exactly one line, however the request
/// ended; one whose client went away has status 499. Query strings aren't logged, as they hold secrets.
middleware access_log(logger log, access_log_options options = {});

} // namespace weir::http

namespace weir {
using http::access_log;
} // namespace weir
