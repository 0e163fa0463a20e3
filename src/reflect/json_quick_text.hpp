// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_text.hpp"
#include <weir/core/utf8.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// String parsing for the quick reader. Each function takes the current position and returns the position after what it
// read, or null to give up.
namespace weir::reflect::detail {

inline bool is_well_formed(const char* from, plain_run run) noexcept {
    return run.ascii || is_utf8({from, static_cast<std::size_t>(run.end - from)});
}

inline std::uint32_t hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    const char letter = static_cast<char>(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? static_cast<std::uint32_t>(letter - 'a' + 10) : 0x10000;
}

// The value of four hexadecimal digits; above 0xFFFF if malformed.
inline std::uint32_t four_digits(const char* p) noexcept {
    std::uint32_t number = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t digit = hex_value(p[i]);
        if (digit > 15) return 0x10000;
        number = number << 4 | digit;
    }
    return number;
}

inline void append_code_point(std::string& out, std::uint32_t code) {
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) return out.push_back(static_cast<char>(code));
    if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
        out += tail(6);
    } else {
        out += static_cast<char>(0xF0 | code >> 18);
        out += tail(12);
        out += tail(6);
    }
    out += tail(0);
}

// Reads an escape after `\u`.
inline const char* unicode_escape(const char* p, std::string& out) {
    std::uint32_t code = four_digits(p);
    if (code > 0xFFFF || (code >= 0xDC00 && code < 0xE000)) return nullptr;
    p += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        if (p[0] != '\\' || p[1] != 'u') return nullptr;
        const std::uint32_t low = four_digits(p + 2);
        if (low < 0xDC00 || low >= 0xE000) return nullptr;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    append_code_point(out, code);
    return p;
}

// Reads an escape after the backslash.
inline const char* escape(const char* p, std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (*p == 'u') return unicode_escape(p + 1, out);
    const std::size_t which = *p != '\0' ? letters.find(*p) : letters.npos;
    if (which == letters.npos) return nullptr;
    out += meanings[which];
    return p + 1;
}

// Reads a string whose first backslash is at the end of the run.
inline const char* escaped_text(const char* from, plain_run run, std::string& out) {
    out.clear();
    for (;;) {
        out.append(from, run.end);
        if (*run.end == '"') return is_utf8(out) ? run.end + 1 : nullptr;
        if (*run.end != '\\') return nullptr;
        from = escape(run.end + 1, out);
        if (from == nullptr) return nullptr;
        run = skip_plain(from);
    }
}

// Reads a string without escapes, starting at its quote.
inline const char* plain_text(const char* p, std::string_view& found) noexcept {
    if (*p != '"') return nullptr;
    const plain_run run = skip_plain(++p);
    if (*run.end != '"' || !is_well_formed(p, run)) return nullptr;
    found = {p, static_cast<std::size_t>(run.end - p)};
    return run.end + 1;
}

inline const char* owned_text(const char* p, std::string& to) {
    if (*p != '"') return nullptr;
    const plain_run run = skip_plain(++p);
    if (*run.end != '"') return escaped_text(p, run, to);
    if (!is_well_formed(p, run)) return nullptr;
    to.assign(p, run.end);
    return run.end + 1;
}

} // namespace weir::reflect::detail
