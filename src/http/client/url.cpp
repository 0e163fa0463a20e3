// SPDX-License-Identifier: MIT
#include "http/client/url.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>
#include <charconv>

namespace weir::http::detail {

namespace {

bool is_alnum(char c) noexcept { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

bool host_character(char c) noexcept { return is_alnum(c) || c == '-' || c == '.' || c == '_'; }

bool ipv6_character(char c) noexcept {
    return (lower(c) >= 'a' && lower(c) <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

error bad(std::string_view what) { return {errc::invalid_argument, "the URL " + std::string(what)}; }

bool take_scheme(std::string_view& text, client_url& url) {
    url.tls = starts_with_no_case(text, "https://");
    if (!url.tls && !starts_with_no_case(text, "http://")) return false;
    text.remove_prefix(url.tls ? 8 : 7);
    return true;
}

// Splits "host:port" and "[v6]:port"; `authority` keeps the part after the host.
bool take_host(std::string_view& authority, client_url& url) {
    const bool v6 = authority.starts_with('[');
    const auto end = v6 ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (end == authority.npos) return false;
    const std::string_view host = v6 ? authority.substr(1, end - 1) : authority.substr(0, end);
    if (host.empty() || host.size() > 253) return false;
    if (!std::all_of(host.begin(), host.end(), v6 ? ipv6_character : host_character)) return false;
    url.host.resize(host.size());
    std::transform(host.begin(), host.end(), url.host.begin(), [](char c) { return lower(c); });
    authority.remove_prefix(v6 ? end + 1 : end);
    return true;
}

bool take_port(std::string_view rest, client_url& url) {
    url.port = url.tls ? 443 : 80;
    if (rest.empty()) return true;
    if (rest.front() != ':') return false;
    rest.remove_prefix(1);
    const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), url.port);
    return failed == std::errc{} && end == rest.data() + rest.size() && url.port != 0;
}

} // namespace

bool is_target_character(char c) noexcept {
    return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\';
}

std::string client_url::authority() const {
    const bool v6 = host.find(':') != host.npos;
    std::string text;
    if (v6) text += '[';
    text += host;
    if (v6) text += ']';
    if (port == (tls ? 443 : 80)) return text;
    return text.append(1, ':').append(std::to_string(port));
}

std::string client_url::whole() const { return (tls ? "https://" : "http://") + authority() + target; }

std::string client_url::pool_key() const {
    return std::string(tls ? "https " : "http ").append(host).append(1, ' ').append(std::to_string(port));
}

result<client_url> parse_client_url(std::string_view text) {
    client_url url;
    if (!take_scheme(text, url)) return bad("must begin with http:// or https://");
    const auto path = std::min(text.find_first_of("/?#"), text.size());
    std::string_view authority = text.substr(0, path);
    if (authority.find('@') != authority.npos) return bad("contains a user, which isn't supported");
    if (!take_host(authority, url)) return bad("has no valid host");
    if (!take_port(authority, url)) return bad("has no valid port");

    std::string_view target = text.substr(path);
    target = target.substr(0, target.find('#'));
    if (!std::all_of(target.begin(), target.end(), is_target_character))
        return bad("contains a character that must be percent-encoded");
    if (!target.starts_with('/')) url.target += '/';
    url.target += target;
    return url;
}

} // namespace weir::http::detail
