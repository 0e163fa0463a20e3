// SPDX-License-Identifier: MIT
#pragma once

#include "http/append.hpp"
#include <weir/http/message.hpp>

#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// A name's bit among header_list's; two names may have the same.
constexpr std::uint64_t name_bit(std::string_view name) noexcept {
    if (name.empty()) return 1;
    const unsigned ends = 8U * static_cast<unsigned>(name.front() | 0x20) + static_cast<unsigned>(name.back() | 0x20);
    return std::uint64_t{1} << ((6 * name.size() + ends) % 64);
}

/// A field that is always the same, as it goes on the wire: `name: value` and a line end.
struct fixed_field {
    std::string_view line;
    std::uint64_t bit;

    consteval fixed_field(std::string_view text) : line(text), bit(name_bit(text.substr(0, text.find(':')))) {}
};

/// What the engine may do with fields that it knows to be right.
struct header_access {
    /// Adds a field, unlooked at.
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

    /// Replaces every field of that name, the value unlooked at.
    static void set(header_list& to, std::string_view name, std::string_view value) {
        if ((to.names_ & name_bit(name)) != 0) to.erase(name);
        append(to, name, value);
    }
};

} // namespace weir::http::detail
