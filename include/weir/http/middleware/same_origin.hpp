// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

#include <string>
#include <vector>

namespace weir::http {

struct same_origin_options {
    /// Origins whose pages may send such requests too: "https://app.example.com". Those that `cors` lets use
    /// credentials must be here as well.
    std::vector<std::string> origins{};
};

/// Rejects what a page of another site makes a browser send with the user's cookies (cross-site request forgery): a
/// request with a method other than GET, HEAD, OPTIONS and TRACE gets 403 with the code `cross_site` unless its
/// Sec-Fetch-Site is `same-origin` or `none`; without that field, unless its Origin is absent or names the requested
/// host. So a GET must not change anything. Clients other than browsers send neither field and pass. A WebSocket's
/// handshake is checked by `websocket_upgrade`. Throws std::invalid_argument for a malformed origin. `weir::sessions`
/// includes this check. Sources: OWASP's CSRF Prevention Cheat Sheet, W3C Fetch Metadata, Go's CrossOriginProtection.
middleware same_origin(same_origin_options options = {});

} // namespace weir::http

namespace weir {
using http::same_origin;
} // namespace weir
