// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <string>

namespace weir::http {

/// The client of a request and the URL it used, as a handler's parameter. With `trusted_proxies`, these are the values
/// that the client sent to the outermost proxy; without it, or from an untrusted peer, the values of the connection.
struct client_info {
    /// IPv4 or IPv6 without a port; `unknown` where a trusted proxy names no address (RFC 7239 section 6.2).
    std::string address{};
    std::string scheme = "http"; ///< `http` or `https`
    std::string host{}; ///< the requested host[:port], from the target or else Host; for links back to this service
};

/// Returns what is known about the request's client.
client_info client_of(const request& req);

template<>
struct extractor<client_info> {
    static result<client_info> from(request& req) { return client_of(req); }
};

} // namespace weir::http

namespace weir {
using http::client_info;
} // namespace weir
