// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// The proxies between us and our clients.
class proxy_list {
public:
    explicit proxy_list(const std::vector<std::string>& trusted);

    /// Where the request came from: the peer, or where a trusted peer says, read from the right until an
    /// address that isn't trusted.
    std::string_view client_of(const request& req) const;

private:
    bool trusts(std::string_view address) const;

    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

} // namespace weir::http::detail
