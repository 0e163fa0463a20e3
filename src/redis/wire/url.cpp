// SPDX-License-Identifier: MIT
#include "redis/wire/url.hpp"

#include <charconv>
#include <optional>

namespace weir::redis::detail {

namespace {

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
constexpr int max_database = 1'000'000;

error wrong(std::string_view what) {
    std::string message = "client_options::url: ";
    message.append(what).append(
        ": accepted redis://user:password@host:port/database, redis+sentinel://host:port,host/master/database and "
        "redis+cluster://host:port,host");
    return {errc::invalid_argument, std::move(message)};
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return {};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

template<class Number>
bool read_number(std::string_view text, Number& out) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// Returns the text before the separator and removes both from `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view before = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
    return before;
}

bool read_scheme(std::string_view scheme, redis_url& out) {
    out.tls = scheme.starts_with("rediss");
    scheme.remove_prefix(out.tls ? 6 : scheme.starts_with("redis") ? 5 : 0);
    if (scheme == "+sentinel")
        out.kind = topology::sentinel;
    else if (scheme == "+cluster")
        out.kind = topology::cluster;
    else
        return scheme.empty();
    return true;
}

bool read_user(std::string_view text, redis_url& out) {
    const std::size_t colon = text.find(':');
    const auto user = decoded(text.substr(0, colon));
    const auto password = decoded(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
    if (!user || !password) return false;
    out.user = *user;
    out.password = *password;
    return true;
}

std::optional<address> read_host(std::string_view text, std::uint16_t default_port) {
    address one;
    one.port = default_port;
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == std::string_view::npos) return {};
    const std::size_t colon = text.find(':', bracket);
    one.host = text.substr(0, colon);
    if (bracket > 0) one.host = text.substr(1, bracket - 1);
    if (colon != std::string_view::npos && (!read_number(text.substr(colon + 1), one.port) || one.port == 0)) return {};
    if (one.host.empty() || one.host.find_first_of(" \t\r\n@/") != std::string::npos) return {};
    return one;
}

} // namespace

std::string address::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<redis_url> parse_url(std::string_view text) {
    redis_url out;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || !read_scheme(text.substr(0, scheme_end), out))
        return wrong("the scheme is unknown");
    std::string_view path = text.substr(scheme_end + 3);
    std::string_view authority = take_until(path, '/');
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        if (!read_user(authority.substr(0, at), out)) return wrong("the user or password has a bad percent-encoding");
        authority.remove_prefix(at + 1);
    }
    do {
        auto host = read_host(take_until(authority, ','), out.kind == topology::sentinel ? sentinel_port : redis_port);
        if (!host) return wrong("a host or port is malformed");
        out.hosts.push_back(std::move(*host));
    } while (!authority.empty());
    if (out.kind == topology::single && out.hosts.size() > 1) return wrong("several hosts need Sentinel or a cluster");
    if (out.kind == topology::sentinel) out.master = take_until(path, '/');
    if (out.kind == topology::sentinel && out.master.empty()) return wrong("the name of the master is missing");
    if (!path.empty() && (!read_number(path, out.database) || out.database < 0 || out.database > max_database))
        return wrong("the database is malformed");
    if (out.kind == topology::cluster && out.database != 0) return wrong("a cluster has database 0 only");
    return out;
}

} // namespace weir::redis::detail
