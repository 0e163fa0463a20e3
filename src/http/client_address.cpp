// SPDX-License-Identifier: MIT
#include "http/client_address.hpp"

#include "http/authority.hpp"
#include "http/field_syntax.hpp"

#include <stdexcept>

namespace weir::http::detail {

namespace ip = boost::asio::ip;

namespace {

std::string as_network(const std::string& given) {
    if (given.find('/') != std::string::npos) return given;
    return given + (given.find(':') == std::string::npos ? "/32" : "/128");
}

std::vector<std::string_view> elements_of(const request& req, std::string_view name) {
    std::vector<std::string_view> all;
    each_field(req, name, [&](std::string_view value) {
        for (comma_list list(value); list.next();) all.push_back(list.element());
    });
    return all;
}

// The element as far from the right as the hop; the leftmost where a proxy further in added none.
std::string_view beside(const std::vector<std::string_view>& list, std::size_t from_right) {
    if (list.empty()) return {};
    return list[list.size() - 1 - std::min(from_right, list.size() - 1)];
}

std::vector<forwarded_hop> x_forwarded_hops(const request& req) {
    const auto addresses = elements_of(req, "x-forwarded-for");
    const auto schemes = elements_of(req, "x-forwarded-proto");
    const auto hosts = elements_of(req, "x-forwarded-host");
    std::vector<forwarded_hop> hops;
    if (addresses.empty()) hops.push_back({{}, beside(schemes, 0), beside(hosts, 0)});
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const std::size_t from_right = addresses.size() - 1 - i;
        hops.push_back({addresses[i], beside(schemes, from_right), beside(hosts, from_right)});
    }
    return hops;
}

std::vector<forwarded_hop> forwarded_hops(const request& req) {
    std::vector<forwarded_hop> hops;
    each_field(req, "forwarded", [&](std::string_view value) { parse_forwarded(value, hops); });
    return hops;
}

void note_scheme(std::string_view said, std::string& scheme) {
    if (equal_no_case(said, "https")) scheme = "https";
    if (equal_no_case(said, "http")) scheme = "http";
}

} // namespace

std::optional<ip::address> parse_address(std::string_view text) {
    constexpr std::size_t longest = 45; // of an IPv6 address that ends in an IPv4 one
    if (text.size() > longest || text.find_first_of(std::string_view("%\0", 2)) != std::string_view::npos) return {};
    boost::system::error_code failed;
    const auto address = ip::make_address(std::string(text), failed);
    if (failed) return {};
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

proxy_list::proxy_list(const std::vector<std::string>& trusted) {
    for (const auto& given : trusted) {
        boost::system::error_code failed;
        const auto four = ip::make_network_v4(as_network(given), failed);
        if (!failed) {
            v4_.push_back(four.canonical());
            continue;
        }
        const auto six = ip::make_network_v6(as_network(given), failed);
        if (failed) throw std::invalid_argument("weir: not an address or network: " + given);
        v6_.push_back(six.canonical());
    }
}

bool proxy_list::trusts(const ip::address& address) const {
    if (address.is_v4()) {
        const ip::network_v4 host(address.to_v4(), 32);
        return std::any_of(v4_.begin(), v4_.end(),
                           [&](const auto& net) { return host == net || host.is_subnet_of(net); });
    }
    const ip::network_v6 host(address.to_v6(), 128);
    return std::any_of(v6_.begin(), v6_.end(), [&](const auto& net) { return host == net || host.is_subnet_of(net); });
}

void proxy_list::follow(const request& req, proxy_fields fields, client_info& client) const {
    auto speaker = parse_address(client.address);
    if (empty() || !speaker || !trusts(*speaker)) return;
    const auto hops = fields == proxy_fields::forwarded ? forwarded_hops(req) : x_forwarded_hops(req);
    for (auto hop = hops.rbegin(); hop != hops.rend() && trusts(*speaker); ++hop) {
        note_scheme(hop->scheme, client.scheme);
        if (valid_authority(hop->host)) client.host = hop->host;
        const auto address = parse_address(hop_address(hop->address));
        if (!address) break;
        speaker = address;
    }
    client.address = speaker->to_string();
}

} // namespace weir::http::detail
