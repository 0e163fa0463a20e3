// SPDX-License-Identifier: MIT
#include "http/client/redirect.hpp"

#include "http/client/wire.hpp"
#include "http/field/percent.hpp"

#include <algorithm>

namespace weir::http::detail {

namespace {

bool has_scheme(std::string_view reference) noexcept {
    const auto end = reference.find_first_of(":/?#");
    return end != reference.npos && end != 0 && reference[end] == ':';
}

// RFC 3986, 5.2.4, for a path that begins with a slash.
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto segment = path.substr(0, end);
        const bool last = end == path.size();
        path.remove_prefix(end);
        if (segment == "/." || segment == "/..") {
            if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
            if (last) out += '/';
        } else {
            out += segment;
        }
    }
    return out;
}

std::string path_and_rest(std::string_view target) {
    const auto path = target.substr(0, std::min(target.find_first_of("?#"), target.size()));
    return without_dots(path).append(target.substr(path.size()));
}

// Servers may send unescaped input of their users: UTF-8, blanks. Escapes it like browsers, per RFC 3987, 3.1, for
// UTF-8.
std::string escaped(std::string_view reference) {
    std::string out;
    for (const char c : reference) {
        if (is_target_character(c))
            out += c;
        else
            append_escape(c, out);
    }
    return out;
}

bool same_origin(const client_url& a, const client_url& b) noexcept {
    return a.tls == b.tls && a.host == b.host && a.port == b.port;
}

void forget_who_asks(header_list& headers) {
    for (const std::string_view name : {"authorization", "cookie", "proxy-authorization"}) headers.erase(name);
}

void make_get(client_request& request) {
    request.method = "GET";
    request.body.clear();
    request.source = {};
    request.source_size.reset();
    for (const std::string_view name : {"content-type", "content-encoding", "content-language", "content-location"})
        request.headers.erase(name);
}

bool becomes_get(std::string_view method, int status) noexcept {
    if (status == 303) return method != "HEAD" && method != "GET";
    return (status == 301 || status == 302) && method == "POST";
}

} // namespace

bool is_redirect(const client_response& response) noexcept {
    constexpr int followed[] = {301, 302, 303, 307, 308};
    return std::find(std::begin(followed), std::end(followed), response.status) != std::end(followed) &&
           response.headers.contains("location");
}

bool repeats_body(const client_request& request, const client_response& response) noexcept {
    return !becomes_get(request.method, response.status);
}

std::string resolve_reference(const client_url& base, std::string_view reference) {
    if (has_scheme(reference)) return std::string(reference);
    std::string scheme = base.tls ? "https:" : "http:";
    if (reference.starts_with("//")) return scheme.append(reference);
    const std::string origin = scheme + "//" + base.authority();
    const std::string_view target = base.target;
    const auto path = target.substr(0, target.find('?'));
    if (reference.empty() || reference.starts_with('#')) return origin + base.target;
    if (reference.starts_with('?')) return origin + std::string(path).append(reference);
    if (reference.starts_with('/')) return origin + path_and_rest(reference);
    return origin + path_and_rest(std::string(path.substr(0, path.rfind('/') + 1)).append(reference));
}

result<void> follow_redirect(client_request& request, client_url& url, const client_response& response) {
    auto next = parse_client_url(resolve_reference(url, escaped(response.headers.find("location"))));
    if (!next)
        return error(errc::unavailable, url.authority() + " redirects to an address that isn't an http or https URL");
    if (url.tls && !next->tls)
        return error(errc::unavailable, url.authority() + " redirects from https to http, which isn't followed");
    if (becomes_get(request.method, response.status)) make_get(request);
    if (!same_origin(url, *next)) forget_who_asks(request.headers);
    url = std::move(*next);
    return ok();
}

} // namespace weir::http::detail
