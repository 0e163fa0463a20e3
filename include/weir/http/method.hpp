// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http {

/// The request methods of RFC 9110 section 9 and PATCH (RFC 5789); anything else is `unknown`.
enum class method : std::uint8_t { get, head, post, put, del, patch, options, connect, trace, unknown };

/// How many values `method` has, `unknown` included.
inline constexpr std::size_t method_count = 10;

/// The method as it stands in a request line: `DELETE` for `del`; `UNKNOWN` for `unknown`.
constexpr std::string_view name(method verb) noexcept {
    constexpr std::array<std::string_view, method_count> names{"GET",   "HEAD",    "POST",    "PUT",   "DELETE",
                                                               "PATCH", "OPTIONS", "CONNECT", "TRACE", "UNKNOWN"};
    return names[static_cast<std::size_t>(verb)];
}

/// The method that a text names, `unknown` if none; methods are case-sensitive (RFC 9110 section 9.1).
constexpr method parse_method(std::string_view text) noexcept {
    switch (text.size()) {
    case 3:
        if (text == "GET") return method::get;
        return text == "PUT" ? method::put : method::unknown;
    case 4:
        if (text == "POST") return method::post;
        return text == "HEAD" ? method::head : method::unknown;
    case 5:
        if (text == "PATCH") return method::patch;
        return text == "TRACE" ? method::trace : method::unknown;
    case 6:
        return text == "DELETE" ? method::del : method::unknown;
    case 7:
        if (text == "OPTIONS") return method::options;
        return text == "CONNECT" ? method::connect : method::unknown;
    default:
        return method::unknown;
    }
}

/// A set of methods, for example those that a path answers.
class method_set {
public:
    constexpr method_set() noexcept = default;

    constexpr void add(method verb) noexcept { bits_ = static_cast<std::uint16_t>(bits_ | bit(verb)); }

    constexpr void add(method_set others) noexcept { bits_ = static_cast<std::uint16_t>(bits_ | others.bits_); }

    constexpr bool contains(method verb) const noexcept { return (bits_ & bit(verb)) != 0; }

    constexpr bool empty() const noexcept { return bits_ == 0; }

    constexpr bool operator==(const method_set&) const noexcept = default;

private:
    static constexpr unsigned bit(method verb) noexcept { return 1U << static_cast<unsigned>(verb); }

    std::uint16_t bits_ = 0;
};

} // namespace weir::http
