// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/server.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir {

/// Exports a server's counters: http_server_connections (open now) and http_server_connections_max,
/// http_server_connections_accepted_total, http_server_refused_total with the label `reason` (full, address, accept,
/// handshake, malformed), and http_server_aborted_total. The server, and anything `read` refers to, must outlive the
/// metrics' scrapes; for an app `read` is `[&] { return app.stats(); }`. Throws std::invalid_argument for a second
/// server.
void observe(metrics& to, const http::server& server);
void observe_server(metrics& to, std::function<http::server_stats()> read);

} // namespace weir
