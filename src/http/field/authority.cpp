// SPDX-License-Identifier: MIT
#include "http/field/authority.hpp"

#include "http/field/byte_scan.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace weir::http::detail {
namespace {

bool valid_port(std::string_view digits) noexcept {
    if (digits.size() > 5) return false;
    unsigned port = 0;
    for (const char c : digits) {
        const auto digit = static_cast<unsigned>(c) - unsigned{'0'};
        if (digit > 9) return false;
        port = port * 10 + digit;
    }
    return port <= 65535;
}

bool valid_ipv6(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    in6_addr ignored;
    return inet_pton(AF_INET6, terminated.data(), &ignored) == 1;
}

bool valid_bracketed(std::string_view text) noexcept {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !valid_ipv6(text.substr(1, close - 1))) return false;
    const auto rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && valid_port(rest.substr(1)));
}

} // namespace

bool valid_authority(std::string_view text) noexcept {
    if (text.empty()) return false;
    if (text.front() == '[') return valid_bracketed(text);
    const char* const end = text.data() + text.size();
    const char* const colon = skip_class(byte_class::host, skip_host(text.data(), end), end);
    if (colon == text.data()) return false;
    return colon == end || (*colon == ':' && valid_port({colon + 1, end}));
}

} // namespace weir::http::detail
