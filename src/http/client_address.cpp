// SPDX-License-Identifier: MIT
#include "http/client_address.hpp"

#include <boost/asio/ip/address.hpp>

#include <stdexcept>

namespace weir::http::detail {

namespace ip = boost::asio::ip;

namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string as_network(const std::string& given) {
    if (given.find('/') != std::string::npos) return given;
    return given + (given.find(':') == std::string::npos ? "/32" : "/128");
}

} // namespace

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

bool proxy_list::trusts(std::string_view text) const {
    boost::system::error_code failed;
    const auto address = ip::make_address(std::string(text), failed);
    if (failed) return false;
    if (address.is_v4()) {
        const ip::network_v4 host(address.to_v4(), 32);
        for (const auto& net : v4_)
            if (host == net || host.is_subnet_of(net)) return true;
        return false;
    }
    const ip::network_v6 host(address.to_v6(), 128);
    for (const auto& net : v6_)
        if (host == net || host.is_subnet_of(net)) return true;
    return false;
}

std::string_view proxy_list::client_of(const request& req) const {
    std::string_view client = req.remote_address();
    if (v4_.empty() && v6_.empty()) return client;
    std::string_view hops = req.header("x-forwarded-for");
    while (!hops.empty() && trusts(client)) {
        const std::size_t comma = hops.rfind(',');
        client = trim(comma == std::string_view::npos ? hops : hops.substr(comma + 1));
        hops = comma == std::string_view::npos ? std::string_view{} : hops.substr(0, comma);
    }
    return client;
}

} // namespace weir::http::detail
