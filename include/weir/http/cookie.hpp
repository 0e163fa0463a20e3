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

/// A cookie of the request by name (case-sensitive), as its bytes were sent; empty when absent:
/// `cookie<"__Host-session"> session`. Where a browser sends several of that name, the first: it has the
/// longest path.
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

/// Walks over the cookies of one Cookie field's value in their order (RFC 6265bis section 4.2). Quotes belong
/// to a value. A piece without a name is passed over, since no name may lead to it.
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

/// The first cookie of that name in all Cookie fields of the request; a gateway from HTTP/2 may have left
/// them in several. Lives as long as the request.
std::optional<std::string_view> find_cookie(const request& req, std::string_view name) noexcept;

/// Which requests of other sites carry the cookie along.
enum class same_site : std::uint8_t {
    strict, ///< none
    lax,    ///< navigation by GET only
    none,   ///< all: for what is embedded elsewhere; needs `secure`
};

/// A cookie for the browser to keep, out of reach for scripts and plain HTTP unless it says otherwise.
/// Kept for the browser's session unless `max_age` or `expires` is given; `max_age` goes before.
struct set_cookie {
    std::string name{};  ///< a token; `__Host-...` and `__Secure-...` are held to their rules
    std::string value{}; ///< visible ASCII without `",;\`; encode what is more (base64url, percent)
    std::optional<std::chrono::seconds> max_age{};
    std::optional<wall_time> expires{};
    std::string path = "/";
    std::string domain{}; ///< empty: this host alone; else its subdomains as well
    bool http_only = true;
    bool secure = true;
    http::same_site same_site = same_site::lax;
};

/// The value of the Set-Cookie field (RFC 6265bis section 4.1). Nothing is quoted or dropped silently:
/// errc::invalid_argument where a browser would refuse the cookie or read it differently, which is a name,
/// value, path or domain with foreign characters, over 4,096 bytes of name and value, SameSite=None without
/// Secure, `__Secure-` without Secure, `__Host-` without Secure, with a Domain, or with another Path than /.
result<std::string> to_field(const set_cookie& cookie);

/// Adds a Set-Cookie field beside those that are there. Errors as to_field.
result<void> add_cookie(response& out, const set_cookie& cookie);

/// What makes the browser forget the cookie: the same without its value, and expired. Name, path and domain
/// have to be those that it was set with: `add_cookie(res, expired({.name = "__Host-session"}))`.
set_cookie expired(set_cookie cookie);

/// A handler's value with a cookie beside it: `return with_cookie{profile, session}`. A cookie that to_field
/// refuses makes the answer a 500 that tells the log why.
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
