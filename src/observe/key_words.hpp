// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Splits a log field's key into words: `user_password`, `user-password`, `userPassword` and `UserPassword` have the
/// same two. Digits form separate words, and `JWTSecret` consists of `JWT` and `Secret`.
namespace weir::detail {

enum class key_char : std::uint8_t { separator, digit, lower, upper };

constexpr key_char kind_of(char c) noexcept {
    if (c >= 'a' && c <= 'z') return key_char::lower;
    if (c >= 'A' && c <= 'Z') return key_char::upper;
    return c >= '0' && c <= '9' ? key_char::digit : key_char::separator;
}

constexpr char folded_key_char(char c) noexcept {
    return kind_of(c) == key_char::upper ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool begins_word(std::string_view key, std::size_t at) noexcept {
    const key_char here = kind_of(key[at]);
    const key_char before = at == 0 ? key_char::separator : kind_of(key[at - 1]);
    if (here == key_char::separator || before == key_char::separator) return here != key_char::separator;
    if (here == key_char::digit || before == key_char::digit) return here != before;
    if (here == key_char::lower) return false;
    return before == key_char::lower || (at + 1 < key.size() && kind_of(key[at + 1]) == key_char::lower);
}

constexpr bool ends_word(std::string_view key, std::size_t end) noexcept {
    return end == key.size() || kind_of(key[end]) == key_char::separator || begins_word(key, end);
}

} // namespace weir::detail
