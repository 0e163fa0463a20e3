// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <string>

namespace weir::http {

/// Who asked, and how: a handler's parameter. With `trusted_proxies` it is what the client sent to the outermost
/// of them; without, or from a peer that isn't trusted, what arrived on the connection.
struct client_info {
    /// IPv4 or IPv6 as text, without port; `unknown` where a trusted proxy names no address (RFC 7239 section 6.2).
    std::string address{};
    std::string scheme = "http"; ///< `http` or `https`
    std::string host{}; ///< host[:port] that was asked for, of the target before that of Host; for links back here
};

/// What is known of the request's client.
client_info client_of(const request& req);

template<>
struct extractor<client_info> {
    static result<client_info> from(request& req) { return client_of(req); }
};

} // namespace weir::http

namespace weir {
using http::client_info;
} // namespace weir
