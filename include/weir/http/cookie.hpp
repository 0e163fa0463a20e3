// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>
#include <weir/http/into_response.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

/// A request's cookie by name (case-sensitive), with its bytes as sent; empty when absent: `cookie<"__Host-session">
/// session`. If a browser sends several of that name, the first one, which has the longest path.
template<fixed_string Name>
class cookie {
public:
    explicit cookie(std::optional<std::string_view> value) : value_(value.value_or("")), present_(value.has_value()) {}

    bool present() const noexcept { return present_; }
    std::string_view operator*() const noexcept { return value_; }
    operator std::string_view() const noexcept { return value_; }

private:
    std::string_view value_;
    bool present_;
};

struct cookie_view {
    std::string_view name;
    std::string_view value;
};

/// Iterates over the cookies in one Cookie field's value, in order (RFC 6265bis section 4.2). Quotes are part of a
/// value. A piece without a name is skipped, since no lookup by name may find it.
///
///     for (cookie_pairs pairs(req.header("cookie")); pairs.next();) use(pairs.pair());
class cookie_pairs {
public:
    explicit cookie_pairs(std::string_view field) noexcept : rest_(field) {}

    bool next() noexcept;

    const cookie_view& pair() const noexcept { return pair_; }

private:
    std::string_view rest_;
    cookie_view pair_{};
};

/// Returns the first cookie of that name in all Cookie fields of the request; a gateway from HTTP/2 may have split
/// them. Valid as long as the request.
std::optional<std::string_view> find_cookie(const request& req, std::string_view name) noexcept;

/// Which cross-site requests carry the cookie.
enum class same_site : std::uint8_t {
    strict, ///< none
    lax,    ///< navigation by GET only
    none,   ///< all: for embedded content; needs `secure`
};

/// A cookie to set, by default inaccessible to scripts and not sent over plain HTTP. It lasts for the browser's session
/// unless `max_age` or `expires` is set; `max_age` takes precedence.
struct set_cookie {
    std::string name{};  ///< a token; `__Host-...` and `__Secure-...` must meet their rules
    std::string value{}; ///< visible ASCII without quote, comma, semicolon, backslash; encode others (base64url)
    std::optional<std::chrono::seconds> max_age{};
    std::optional<wall_time> expires{};
    std::string path = "/";
    std::string domain{}; ///< empty: this host only; otherwise its subdomains too
    bool http_only = true;
    bool secure = true;
    http::same_site same_site = same_site::lax;
};

/// Returns the value of the Set-Cookie field (RFC 6265bis section 4.1). Nothing is silently quoted or dropped:
/// errc::invalid_argument for a cookie that a browser would refuse or read differently. That is one with invalid
/// characters in its name, value, path or domain, with more than 4,096 bytes of name and value, with SameSite=None
/// without Secure, `__Secure-` without Secure, or `__Host-` without Secure, with a Domain, or with a Path other than /.
result<std::string> to_field(const set_cookie& cookie);

/// Adds a Set-Cookie field and keeps existing ones. Errors as for to_field.
result<void> add_cookie(response& out, const set_cookie& cookie);

/// Returns a cookie that makes the browser delete this one: the same without its value, and expired. Name, path and
/// domain must be those it was set with: `add_cookie(res, expired({.name = "__Host-session"}))`.
set_cookie expired(set_cookie cookie);

/// A handler's return value with a cookie: `return with_cookie{profile, session}`. A cookie that to_field refuses makes
/// the response a 500 whose cause is logged.
template<class T>
struct with_cookie {
    T value;
    set_cookie cookie;

    with_cookie(T body, set_cookie kept) : value(std::move(body)), cookie(std::move(kept)) {}
};

namespace detail {
void add_cookie_or_fail(response& out, const set_cookie& cookie);
} // namespace detail

template<class T>
void into_response(const with_cookie<T>& given, response& out) {
    into_response(given.value, out);
    detail::add_cookie_or_fail(out, given.cookie);
}

template<fixed_string Name>
struct extractor<cookie<Name>> {
    static result<cookie<Name>> from(request& req) { return cookie<Name>(find_cookie(req, Name.view())); }
};

} // namespace weir::http

namespace weir {
using http::cookie;
using http::same_site;
using http::set_cookie;
using http::with_cookie;
} // namespace weir
