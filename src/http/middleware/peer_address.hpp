// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/network_list.hpp"
#include "http/middleware/forwarded.hpp"
#include <weir/http/middleware/trusted_proxies.hpp>

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// Parses an address, without its zone (fe80::1%eth0), which is meaningful only on one machine; an IPv4-mapped IPv6
/// address (::ffff:192.0.2.1) becomes IPv4.
std::optional<boost::asio::ip::address> parse_address(std::string_view text);

/// The proxies between the server and its clients.
class proxy_list {
public:
    /// Throws std::invalid_argument for a string that is neither an address nor a network.
    explicit proxy_list(const std::vector<std::string>& trusted);

    /// Determines the origin of a request: the connection's values, overwritten by what trusted hops report, read from
    /// the right until one isn't trusted. `client` contains the connection's values. Its address becomes `unknown` if a
    /// trusted hop names none: the hop's own address would give the client the proxy's trust.
    void follow(const request& req, proxy_fields fields, client_info& client) const;

    bool empty() const noexcept { return trusted_.empty(); }

private:
    network_list trusted_;
};

} // namespace weir::http::detail
