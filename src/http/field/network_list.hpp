// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::http::detail {

/// Converts an IPv4-mapped IPv6 address (::ffff:192.0.2.1) to IPv4 and returns any other unchanged.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// Identifies a client by its unmapped address: an IPv6 client is its /64, the smallest network that providers assign,
/// since otherwise each of its 2^64 addresses would be a separate client.
std::uint64_t client_network(const boost::asio::ip::address& address);

/// Addresses and networks as configured: "192.0.2.1", "10.0.0.0/8", "::1", "fc00::/7". Zones (fe80::1%eth0) are ignored
/// on both sides.
class network_list {
public:
    network_list() = default;
    /// errc::invalid_argument names an entry that is neither an address nor a network.
    static result<network_list> from(const std::vector<std::string>& given);

    /// Whether an unmapped address is in one of them.
    bool holds(const boost::asio::ip::address& address) const;
    bool empty() const noexcept { return v4_.empty() && v6_.empty(); }

private:
    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

} // namespace weir::http::detail
