// SPDX-License-Identifier: MIT
#include "http/middleware/peer_address.hpp"

#include "http/field/authority.hpp"
#include "http/field/field_syntax.hpp"
#include "http/message/each_field.hpp"

#include <array>
#include <stdexcept>

namespace weir::http::detail {

namespace ip = boost::asio::ip;

namespace {

// Quotes are ordinary characters here; otherwise a client's quote could hide the commas of proxies.
std::vector<std::string_view> elements_of(const request& req, std::string_view name) {
    std::vector<std::string_view> all;
    each_field(req, name, [&](std::string_view list) {
        while (!list.empty())
            if (const auto element = next_element(list); !element.empty()) all.push_back(element);
    });
    return all;
}

// Returns the element at the hop's distance from the right; the leftmost if an inner proxy added none.
std::string_view beside(const std::vector<std::string_view>& list, std::size_t from_right) {
    if (list.empty()) return {};
    return list[list.size() - 1 - std::min(from_right, list.size() - 1)];
}

std::vector<forwarded_hop> x_forwarded_hops(const request& req) {
    const auto addresses = elements_of(req, "x-forwarded-for");
    const auto schemes = elements_of(req, "x-forwarded-proto");
    const auto hosts = elements_of(req, "x-forwarded-host");
    std::vector<forwarded_hop> hops;
    if (addresses.empty()) hops.push_back({req.remote_address(), beside(schemes, 0), beside(hosts, 0)});
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
    const auto zone = text.find('%');
    const auto bare = text.substr(0, zone);
    const bool blank_zone = zone != std::string_view::npos && zone + 1 == text.size();
    if (blank_zone || bare.size() > longest || bare.find('\0') != std::string_view::npos) return {};
    std::array<char, longest + 1> terminated{};
    bare.copy(terminated.data(), longest);
    boost::system::error_code failed;
    const auto address = ip::make_address(terminated.data(), failed);
    if (failed || (zone != std::string_view::npos && !address.is_v6())) return {};
    return unmapped(address);
}

proxy_list::proxy_list(const std::vector<std::string>& trusted) {
    auto networks = network_list::from(trusted);
    if (!networks) throw std::invalid_argument("weir: " + std::string(networks.error().message()));
    trusted_ = std::move(*networks);
}

void proxy_list::follow(const request& req, proxy_fields fields, client_info& client) const {
    if (empty()) return;
    auto speaker = parse_address(client.address);
    if (!speaker || !trusted_.holds(*speaker)) return;
    const auto hops = fields == proxy_fields::forwarded ? forwarded_hops(req) : x_forwarded_hops(req);
    for (auto hop = hops.rbegin(); hop != hops.rend() && trusted_.holds(*speaker); ++hop) {
        note_scheme(hop->scheme, client.scheme);
        if (valid_authority(hop->host)) client.host = hop->host;
        speaker = parse_address(hop_address(hop->address));
        if (!speaker) return void(client.address = "unknown");
    }
    client.address = speaker->to_string();
}

} // namespace weir::http::detail
