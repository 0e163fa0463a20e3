// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/byte_scan.hpp"

#include <algorithm>
#include <string_view>

// The building blocks of field values (RFC 9110 section 5.6).
namespace weir::http::detail {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Compares ASCII letters case-insensitively.
constexpr bool equal_no_case(std::string_view a, std::string_view b) noexcept {
    const auto same = [](char x, char y) { return lower(x) == lower(y); };
    // mostly the strings are identical, and == is one call instead of a loop
    return a.size() == b.size() && (a == b || std::equal(a.begin(), a.end(), b.begin(), same));
}

constexpr bool starts_with_no_case(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && equal_no_case(text.substr(0, prefix.size()), prefix);
}

/// Returns the text without surrounding blanks.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is(byte_class::token, c); });
}

/// Returns a Content-Type's value without its parameters.
constexpr std::string_view media_type(std::string_view content_type) noexcept {
    return trim(content_type.substr(0, content_type.find(';')));
}

/// Removes and returns the next element of a comma-separated list without quoted strings, trimmed.
constexpr std::string_view next_element(std::string_view& list) noexcept {
    const auto comma = std::min(list.find(','), list.size());
    const auto element = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return element;
}

/// Removes and returns what precedes the separator, trimmed; the whole rest if there is none. A separator inside a
/// quoted string doesn't count.
constexpr std::string_view take_until(std::string_view& rest, char separator) noexcept {
    bool quoted = false;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
        if (rest[at] == '"') quoted = !quoted;
        if (rest[at] == '\\' && quoted && at + 1 < rest.size()) ++at;
        if (rest[at] == separator && !quoted) break;
    }
    const auto piece = trim(rest.substr(0, std::min(at, rest.size())));
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return piece;
}

/// Iterates over the elements of a comma-separated list; skips empty ones (RFC 9110 section 5.6.1.2).
class comma_list {
public:
    explicit constexpr comma_list(std::string_view text) noexcept : rest_(text) {}

    constexpr bool next() noexcept {
        do {
            if (rest_.empty()) return false;
            element_ = take_until(rest_, ',');
        } while (element_.empty());
        return true;
    }

    constexpr std::string_view element() const noexcept { return element_; }

private:
    std::string_view rest_;
    std::string_view element_;
};

} // namespace weir::http::detail
