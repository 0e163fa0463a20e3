// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/field/http_date.hpp"
#include <weir/http/cookie.hpp>

#include <algorithm>

namespace weir::http {

namespace {

constexpr std::size_t longest_pair = 4096;      // of name and value together
constexpr std::size_t longest_attribute = 1024; // browsers check both, RFC 6265bis section 5.6

bool cookie_octet(char c) noexcept { return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; }

bool path_octet(char c) noexcept { return c >= 0x20 && c < 0x7f && c != ';'; }

bool domain_octet(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool good_path(std::string_view path) {
    return path.starts_with('/') && path.size() <= longest_attribute &&
           std::all_of(path.begin(), path.end(), path_octet);
}

bool good_domain(std::string_view domain) {
    return domain.empty() || (domain.front() != '.' && domain.back() != '.' && domain.size() <= longest_attribute &&
                              std::all_of(domain.begin(), domain.end(), domain_octet));
}

// Prefixes are compared case-insensitively, as in browsers.
const char* broken_prefix_rule(const set_cookie& cookie) {
    if (detail::starts_with_no_case(cookie.name, "__secure-") && !cookie.secure) return "__Secure- needs Secure";
    if (!detail::starts_with_no_case(cookie.name, "__host-")) return nullptr;
    if (!cookie.secure) return "__Host- needs Secure";
    if (!cookie.domain.empty()) return "__Host- allows no Domain";
    return cookie.path == "/" ? nullptr : "__Host- needs Path=/";
}

const char* broken_rule(const set_cookie& cookie) {
    if (!detail::is_token(cookie.name)) return "the name is not a token";
    if (!std::all_of(cookie.value.begin(), cookie.value.end(), cookie_octet))
        return "the value contains characters not allowed in a cookie; encode it";
    if (cookie.name.size() + cookie.value.size() > longest_pair) return "name and value are over 4096 bytes";
    if (!good_path(cookie.path)) return "the path doesn't start with / or contains invalid characters";
    if (!good_domain(cookie.domain)) return "the domain is not a host name";
    if (cookie.same_site == same_site::none && !cookie.secure) return "SameSite=None needs Secure";
    return broken_prefix_rule(cookie);
}

std::string_view name_of(same_site which) {
    if (which == same_site::strict) return "Strict";
    return which == same_site::lax ? "Lax" : "None";
}

} // namespace

bool cookie_pairs::next() noexcept {
    while (!rest_.empty()) {
        const auto end = std::min(rest_.find(';'), rest_.size());
        const auto piece = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        const auto equals = piece.find('=');
        if (equals == std::string_view::npos) continue;
        pair_ = {detail::trim(piece.substr(0, equals)), detail::trim(piece.substr(equals + 1))};
        if (!pair_.name.empty()) return true;
    }
    return false;
}

std::optional<std::string_view> find_cookie(const request& req, std::string_view name) noexcept {
    for (std::size_t i = 0; i < req.header_count(); ++i) {
        const auto field = req.header_at(i);
        if (!detail::equal_no_case(field.name, "cookie")) continue;
        for (cookie_pairs pairs(field.value); pairs.next();)
            if (pairs.pair().name == name) return pairs.pair().value;
    }
    return {};
}

result<std::string> to_field(const set_cookie& cookie) {
    if (const char* broken = broken_rule(cookie))
        return error(errc::invalid_argument, "cookie " + cookie.name.substr(0, 40) + ": " + broken);
    std::string field = cookie.name + "=" + cookie.value;
    if (cookie.max_age) field += "; Max-Age=" + std::to_string(cookie.max_age->count());
    if (cookie.expires)
        field += "; Expires=" + detail::format_http_date(std::chrono::floor<std::chrono::seconds>(*cookie.expires));
    if (!cookie.domain.empty()) field += "; Domain=" + cookie.domain;
    field += "; Path=" + cookie.path;
    if (cookie.secure) field += "; Secure";
    if (cookie.http_only) field += "; HttpOnly";
    return field.append("; SameSite=").append(name_of(cookie.same_site));
}

result<void> add_cookie(response& out, const set_cookie& cookie) {
    const auto field = to_field(cookie);
    if (!field) return field.error();
    out.headers.add("set-cookie", *field);
    return ok();
}

set_cookie expired(set_cookie cookie) {
    cookie.value.clear();
    cookie.max_age = std::chrono::seconds(0);
    cookie.expires = wall_time{}; // for browsers that don't know Max-Age
    return cookie;
}

void detail::add_cookie_or_fail(response& out, const set_cookie& cookie) {
    const auto added = add_cookie(out, cookie);
    if (added) return;
    out.clear();
    into_response(error(errc::internal).caused_by(added.error()), out);
}

} // namespace weir::http
