// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

struct address {
    std::string host{}; ///< a name, IPv4, or IPv6 without brackets
    std::uint16_t port = 0;

    std::string text() const; ///< host:port
    auto operator<=>(const address&) const = default;
};

enum class topology : std::uint8_t { single, sentinel, cluster };

/// The parts of a client's URL.
struct redis_url {
    topology kind = topology::single;
    bool tls = false;
    std::vector<address> hosts{};
    std::string user{};
    std::string password{};
    std::string master{}; ///< Sentinel: the group's name
    int database = 0;
};

/// Parses a URL. errc::invalid_argument; the message never contains the password.
result<redis_url> parse_url(std::string_view text);

} // namespace weir::redis::detail
