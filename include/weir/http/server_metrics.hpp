// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/server.hpp>
#include <weir/observe/metrics.hpp>

#include <functional>

namespace weir {

/// What a server counts: http_server_connections (open now) and http_server_connections_max,
/// http_server_connections_accepted_total, http_server_refused_total with the label `reason` (full, address, accept,
/// handshake, malformed), and http_server_cut_total. The server outlives the metrics' scrapes; so does what `read`
/// refers to, which is `[&] { return app.stats(); }` for an app. Throws std::invalid_argument for a second one.
void observe(metrics& to, const http::server& server);
void observe_server(metrics& to, std::function<http::server_stats()> read);

} // namespace weir
