// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// mysql://user:password@host:3306/name; user, password and name may be percent-encoded, an IPv6 host stands in
// brackets.
struct mysql_url {
    std::string host{};
    std::string port = "3306";
    std::string user{};
    std::string password{};
    std::string database{};
};

// errc::invalid_argument; the message doesn't show the URL, which may hold a password.
result<mysql_url> parse_mysql_url(std::string_view text);

} // namespace weir::orm
