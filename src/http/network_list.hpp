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

/// An IPv4 address inside an IPv6 one (::ffff:192.0.2.1) as that IPv4 address, any other as it is.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// Who a client is by its address, unmapped: an IPv6 one is its /64, the least that a network hands out, since each of
/// its 2^64 addresses would be a client otherwise.
std::uint64_t client_network(const boost::asio::ip::address& address);

/// Addresses and networks as configured: "192.0.2.1", "10.0.0.0/8", "::1", "fc00::/7". Zones (fe80::1%eth0) are left
/// out on both sides.
class network_list {
public:
    network_list() = default;
    /// errc::invalid_argument names what is neither an address nor a network.
    static result<network_list> from(const std::vector<std::string>& given);

    /// Whether an address, unmapped, is in one of them.
    bool holds(const boost::asio::ip::address& address) const;
    bool empty() const noexcept { return v4_.empty() && v6_.empty(); }

private:
    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

} // namespace weir::http::detail
