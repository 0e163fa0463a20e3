// SPDX-License-Identifier: MIT
#pragma once

#include "http/forwarded.hpp"
#include "http/network_list.hpp"
#include <weir/http/middleware/trusted_proxies.hpp>

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// Reads an address without its zone (fe80::1%eth0), which means something on one machine alone; an IPv4 address
/// inside an IPv6 one (::ffff:192.0.2.1) is that IPv4 address.
std::optional<boost::asio::ip::address> parse_address(std::string_view text);

/// The proxies between us and our clients.
class proxy_list {
public:
    /// Throws std::invalid_argument for what is neither an address nor a network.
    explicit proxy_list(const std::vector<std::string>& trusted);

    /// Where the request came from: what arrived, overwritten by what trusted hops say, read from the right
    /// until one isn't trusted. `client` holds what the connection alone tells. Its address becomes `unknown` where
    /// a trusted hop names none: the hop's own would give the client what only the proxy is trusted with.
    void follow(const request& req, proxy_fields fields, client_info& client) const;

    bool empty() const noexcept { return trusted_.empty(); }

private:
    network_list trusted_;
};

} // namespace weir::http::detail
