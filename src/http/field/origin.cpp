// SPDX-License-Identifier: MIT
#include "http/field/origin.hpp"

#include "http/field/field_syntax.hpp"

namespace weir::http::detail {

namespace {

std::string_view without_port(std::string_view authority, std::string_view default_port) noexcept {
    if (authority.ends_with(default_port)) authority.remove_suffix(default_port.size());
    return authority;
}

std::string_view default_port(std::string_view origin) noexcept {
    if (starts_with_no_case(origin, "https://")) return ":443";
    return starts_with_no_case(origin, "http://") ? ":80" : "";
}

} // namespace

bool same_origin(std::string_view a, std::string_view b) noexcept {
    const auto port = default_port(a);
    return equal_no_case(without_port(a, port), without_port(b, port));
}

bool own_origin(std::string_view origin, std::string_view host, bool secure) noexcept {
    const auto port = default_port(origin);
    if (host.empty() || port.empty() || (secure && port != ":443")) return false;
    const auto named = without_port(origin, port);
    return equal_no_case(named.substr(named.find("//") + 2), without_port(host, port));
}

} // namespace weir::http::detail
