// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/client_info.hpp>
#include <weir/http/middleware.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::http {

/// The fields in which proxies describe their client. A proxy sets one kind and forwards the other as the client wrote
/// it, so only one kind can be trusted.
enum class proxy_fields : std::uint8_t {
    x_forwarded, ///< X-Forwarded-For, -Proto and -Host, as nginx and most load balancers send them
    forwarded,   ///< Forwarded (RFC 7239)
};

struct trusted_proxies_options {
    /// Addresses or networks ("10.0.0.0/8", "::1") of your own proxies; zones (fe80::1%eth0) are ignored. A malformed
    /// one throws std::invalid_argument at start-up.
    std::vector<std::string> proxies{};
    proxy_fields fields = proxy_fields::x_forwarded;
    /// The scheme of requests without TLS and without a proxy's information; those over TLS are https.
    std::string direct_scheme = "http";
};

/// Determines the client's address, scheme and host behind proxies: `client_info` for handlers, and the address in the
/// access log. Reads the fields from the right, hop by hop, while the reporting hop is trusted. Values that a client
/// wrote itself are not read, and its quotes can't affect values to their right. A hop without an address (`unknown`,
/// `_hidden`, malformed, missing) ends the walk with the address `unknown`: the last verified address is a proxy's and
/// must not pass for the client's. Only a peer that names no client at all, as in a health check, is its own client.
/// The proxies must set or remove X-Forwarded-Proto and -Host.
middleware trusted_proxies(trusted_proxies_options options);

} // namespace weir::http

namespace weir {
using http::trusted_proxies;
} // namespace weir
