// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/client_info.hpp>
#include <weir/http/middleware.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::http {

/// The fields in which proxies tell of their client. A proxy sets one kind and passes the other on as the
/// client wrote it, so there is no believing in both.
enum class proxy_fields : std::uint8_t {
    x_forwarded, ///< X-Forwarded-For, -Proto and -Host, as nginx and most load balancers send them
    forwarded,   ///< Forwarded (RFC 7239)
};

struct trusted_proxies_options {
    /// Addresses or networks ("10.0.0.0/8", "::1") of our own proxies, whose zones (fe80::1%eth0) don't matter. A
    /// malformed one throws std::invalid_argument at start-up.
    std::vector<std::string> proxies{};
    proxy_fields fields = proxy_fields::x_forwarded;
    /// The scheme of requests in clear that came without a proxy's word; those over TLS are https.
    std::string direct_scheme = "http";
};

/// Finds out the client's address, scheme and host behind the proxies: `client_info` for handlers, and the
/// address in the access log. Read from the right, hop by hop, for as long as the hop that speaks is trusted;
/// what a client wrote itself stays unread, and its quotes don't reach what stands to their right. A hop that is no
/// address (`unknown`, `_hidden`, nonsense, none) ends the walk with the address `unknown`: the last one known to be
/// true is a proxy's, and the client isn't to pass for it. Only a peer that names no client at all, as in a health
/// check, is its own client. The proxies have to set or remove X-Forwarded-Proto and -Host.
middleware trusted_proxies(trusted_proxies_options options);

} // namespace weir::http

namespace weir {
using http::trusted_proxies;
} // namespace weir
