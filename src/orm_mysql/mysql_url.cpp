// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::orm {

namespace {

// Removes and returns the text up to the mark, which is removed too; all of it without a mark.
std::string_view take_until(std::string_view& text, char mark) {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

bool decode(std::string_view text, std::string& to) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            to += text[at];
            continue;
        }
        unsigned char byte = 0;
        const auto digits = text.substr(at + 1, 2);
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (failed != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return false;
        to += static_cast<char>(byte);
        at += 2;
    }
    return true;
}

bool split_host(std::string_view text, mysql_url& to) {
    if (text.starts_with('[')) {
        text.remove_prefix(1);
        to.host = take_until(text, ']');
        if (!text.empty() && text.front() != ':') return false;
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
    } else {
        to.host = take_until(text, ':');
    }
    if (!text.empty()) to.port = text;
    const bool digits = std::ranges::all_of(to.port, [](char c) { return c >= '0' && c <= '9'; });
    return !to.host.empty() && digits && to.port.size() <= 5;
}

bool is_mode(std::string_view text, tls_mode& mode) {
    static constexpr std::pair<std::string_view, tls_mode> modes[] = {
        {"disable", tls_mode::disable},
        {"prefer", tls_mode::prefer},
        {"require", tls_mode::require},
        {"verify-ca", tls_mode::verify_ca},
        {"verify-full", tls_mode::verify_full}};
    const auto* const found = std::ranges::find(modes, text, &std::pair<std::string_view, tls_mode>::first);
    if (found == std::end(modes)) return false;
    mode = found->second;
    return true;
}

// The member for an option; null if unknown.
std::string mysql_url::*place_of(std::string_view option) {
    if (option == "socket") return &mysql_url::socket;
    if (option == "sslrootcert") return &mysql_url::root_certificate;
    if (option == "sslcert") return &mysql_url::certificate;
    if (option == "sslkey") return &mysql_url::key;
    return nullptr;
}

// The reason why the options are invalid; null if they are valid.
const char* take_options(std::string_view text, mysql_url& to) {
    while (!text.empty()) {
        std::string_view value = take_until(text, '&');
        const std::string_view name = take_until(value, '=');
        if (name == "sslmode") {
            if (!is_mode(value, to.tls)) return "sslmode must be disable, prefer, require, verify-ca or verify-full";
            continue;
        }
        const auto place = place_of(name);
        if (!place) return "unknown option: expected socket, sslmode, sslrootcert, sslcert or sslkey";
        if (!decode(value, to.*place)) return "invalid percent-encoding in an option";
    }
    const bool verifies = to.tls == tls_mode::verify_ca || to.tls == tls_mode::verify_full;
    if (!to.root_certificate.empty() && !verifies) return "sslrootcert requires sslmode=verify-ca or verify-full";
    if (to.root_certificate.empty() && to.tls == tls_mode::verify_ca) return "sslmode=verify-ca requires sslrootcert";
    return nullptr;
}

} // namespace

result<mysql_url> parse_mysql_url(std::string_view text) {
    const auto refused = [](const char* why) { return error(errc::invalid_argument, std::string("mysql://: ") + why); };
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return refused("expected a URL");
    text.remove_prefix(scheme_end + 3);
    if (text.find('#') != std::string_view::npos) return refused("write # as %23");
    mysql_url made;
    const std::size_t options = std::min(text.find('?'), text.size());
    if (const char* wrong = take_options(text.substr(std::min(options + 1, text.size())), made)) return refused(wrong);
    text = text.substr(0, options);
    std::string_view where = take_until(text, '/');
    if (!decode(text, made.database)) return refused("invalid percent-encoding in the database name");
    const std::size_t user_end = where.rfind('@');
    if (user_end != std::string_view::npos) {
        std::string_view password = where.substr(0, user_end);
        const std::string_view user = take_until(password, ':');
        if (!decode(user, made.user) || !decode(password, made.password))
            return refused("invalid percent-encoding in the user or password");
        where.remove_prefix(user_end + 1);
    }
    if (made.socket.empty() && !split_host(where, made)) return refused("expected a host and an optional port");
    return made;
}

} // namespace weir::orm
