// SPDX-License-Identifier: MIT
#include "app/config_links.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>

namespace weir::config {

namespace {

constexpr std::string_view digits = "0123456789";

bool is_number(std::string_view text) noexcept { return !text.empty() && text.find_first_not_of(digits) == text.npos; }

bool is_address(std::string_view text) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(std::string(text), failed);
    return !failed;
}

bool take(std::string_view& text, std::string_view start) noexcept {
    if (!text.starts_with(start)) return false;
    text.remove_prefix(start.size());
    return true;
}

// Matches the part after `_PORT`: `_80_TCP`, `_80_TCP_ADDR`.
bool names_a_port(std::string_view rest, std::string_view text) {
    if (!take(rest, "_")) return false;
    const auto number = rest.substr(0, rest.find('_'));
    if (!is_number(number)) return false;
    rest.remove_prefix(number.size());
    if (!take(rest, "_TCP") && !take(rest, "_UDP") && !take(rest, "_SCTP")) return false;
    if (rest == "_PROTO") return text == "tcp" || text == "udp" || text == "sctp";
    if (rest == "_PORT") return is_number(text);
    return rest == "_ADDR" ? is_address(text) : rest.empty() && is_service_url(text);
}

} // namespace

bool is_service_url(std::string_view text) noexcept {
    return text.starts_with("tcp://") || text.starts_with("udp://") || text.starts_with("sctp://");
}

bool is_service_link(std::string_view name, std::string_view text) {
    if (name.ends_with("_SERVICE_HOST")) return is_address(text);
    if (name.ends_with("_SERVICE_PORT") || name.find("_SERVICE_PORT_") != name.npos) return is_number(text);
    if (name.ends_with("_PORT") && is_service_url(text)) return true;
    constexpr std::string_view port = "_PORT";
    for (auto at = name.find(port); at != name.npos; at = name.find(port, at + 1))
        if (names_a_port(name.substr(at + port.size()), text)) return true;
    return false;
}

} // namespace weir::config
