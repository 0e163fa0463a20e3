// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/append.hpp"
#include <weir/http/message.hpp>

#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Returns a name's bit in header_list's set; two names may share one.
constexpr std::uint64_t name_bit(std::string_view name) noexcept {
    if (name.empty()) return 1;
    const unsigned ends = 8U * static_cast<unsigned>(name.front() | 0x20) + static_cast<unsigned>(name.back() | 0x20);
    return std::uint64_t{1} << ((6 * name.size() + ends) % 64);
}

/// A constant field as sent: `name: value` and a line end.
struct fixed_field {
    std::string_view line;
    std::uint64_t bit;

    consteval fixed_field(std::string_view text) : line(text), bit(name_bit(text.substr(0, text.find(':')))) {}
};

/// Unchecked access to header_list for fields that are known to be valid.
struct header_access {
    /// Adds a field without checking it.
    static void append(header_list& to, std::string_view name, std::string_view value) {
        to.names_ |= name_bit(name);
        char* at = extend(to.lines_, name.size() + value.size() + 4);
        put(put(put(put(at, name), ": "), value), "\r\n");
    }

    static void append(header_list& to, const fixed_field& field) {
        to.names_ |= field.bit;
        to.lines_.append(field.line);
    }

    /// Whether there may be a field whose name has one of these bits.
    static bool may_hold(const header_list& in, std::uint64_t bits) noexcept { return (in.names_ & bits) != 0; }

    /// Replaces every field of that name without checking the value.
    static void set(header_list& to, std::string_view name, std::string_view value) {
        if ((to.names_ & name_bit(name)) != 0) to.erase(name);
        append(to, name, value);
    }
};

} // namespace weir::http::detail
