// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// The same as libpq's sslmode.
enum class tls_mode { disable, prefer, require, verify_ca, verify_full };

// mysql://user:password@host:3306/name?option=value&...; user, password, name and values may be percent-encoded, an
// IPv6 host is in brackets. The options are `socket`, the path of a Unix socket instead of host and port, and libpq's
// `sslmode`, `sslrootcert`, `sslcert` and `sslkey`. Without `sslrootcert`, verify-full trusts the system's authorities.
struct mysql_url {
    std::string host{};
    std::string port = "3306";
    std::string user{};
    std::string password{};
    std::string database{};
    std::string socket{};
    tls_mode tls = tls_mode::prefer;
    std::string root_certificate{};
    std::string certificate{};
    std::string key{};
};

// errc::invalid_argument; the message doesn't contain the URL, which may hold a password.
result<mysql_url> parse_mysql_url(std::string_view text);

} // namespace weir::orm
