// SPDX-License-Identifier: MIT
#include "http/field/network_list.hpp"

#include <algorithm>

namespace weir::http::detail {

namespace ip = boost::asio::ip;

namespace {

std::string as_network(const std::string& given) {
    if (given.find('/') != std::string::npos) return given;
    return given + (given.find(':') == std::string::npos ? "/32" : "/128");
}

// Ignores the link that a zone names.
ip::address_v6 without_zone(const ip::address_v6& address) { return ip::address_v6(address.to_bytes()); }

template<class Network>
bool any_holds(const std::vector<Network>& all, const Network& host) {
    return std::any_of(all.begin(), all.end(), [&](const Network& net) {
        return host == net || host.is_subnet_of(net);
    });
}

} // namespace

ip::address unmapped(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

// IPv4 addresses are mapped to /64s in ffff:ffff::/32: multicast, from which no peer connects.
std::uint64_t client_network(const ip::address& address) {
    if (address.is_v4()) return std::uint64_t{0xffffffff} << 32 | address.to_v4().to_uint();
    const auto bytes = address.to_v6().to_bytes();
    std::uint64_t network = 0;
    for (std::size_t i = 0; i < 8; ++i) network = network << 8 | bytes[i];
    return network;
}

result<network_list> network_list::from(const std::vector<std::string>& given) {
    network_list made;
    for (const auto& one : given) {
        boost::system::error_code failed;
        const auto four = ip::make_network_v4(as_network(one), failed);
        if (!failed) {
            made.v4_.push_back(four.canonical());
            continue;
        }
        const auto six = ip::make_network_v6(as_network(one), failed);
        if (failed) return error(errc::invalid_argument, "not an address or network: " + one);
        made.v6_.push_back(ip::network_v6(without_zone(six.address()), six.prefix_length()).canonical());
    }
    return made;
}

bool network_list::holds(const ip::address& address) const {
    if (address.is_v4()) return any_holds(v4_, ip::network_v4(address.to_v4(), 32));
    return any_holds(v6_, ip::network_v6(without_zone(address.to_v6()), 128));
}

} // namespace weir::http::detail
