// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream> // for Beast's operator<<
#include <string_view>

namespace weir::http {

/// A request's method, named as in Beast: `get`, `post`, `delete_` and the others of RFC 9110 section 9, PATCH, those
/// of WebDAV and a few more; any other is `unknown`.
using method = boost::beast::http::verb;

/// The number of values of `method`, including `unknown`.
inline constexpr std::size_t method_count = static_cast<std::size_t>(method::unlink) + 1;

/// Returns the method as written in a request line: `DELETE` for `delete_`; `<unknown>` for `unknown`.
inline std::string_view name(method verb) { return boost::beast::http::to_string(verb); }

/// Parses a method name; `unknown` for any other string. Methods are case-sensitive (RFC 9110 section 9.1).
inline method parse_method(std::string_view text) { return boost::beast::http::string_to_verb(text); }

/// A set of methods, such as those a path supports.
class method_set {
public:
    constexpr method_set() noexcept = default;

    constexpr void add(method verb) noexcept { bits_ |= bit(verb); }

    constexpr void add(method_set others) noexcept { bits_ |= others.bits_; }

    constexpr bool contains(method verb) const noexcept { return (bits_ & bit(verb)) != 0; }

    constexpr bool empty() const noexcept { return bits_ == 0; }

    constexpr bool operator==(const method_set&) const noexcept = default;

private:
    static_assert(method_count <= 64);

    static constexpr std::uint64_t bit(method verb) noexcept { return std::uint64_t(1) << static_cast<unsigned>(verb); }

    std::uint64_t bits_ = 0;
};

} // namespace weir::http
