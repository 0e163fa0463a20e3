// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The words of a log field's key: `user_password`, `user-password`, `userPassword` and `UserPassword` have the same
/// two. Digits are words of their own, and of `JWTSecret` the words are `JWT` and `Secret`.
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

// Three letters from a place on, whatever separates them, five bits each: by them most keys are found not to be
// redacted. Never zero.
constexpr std::uint16_t head_of_word(std::string_view key, std::size_t at) noexcept {
    unsigned head = 0;
    for (unsigned shift = 0; shift < 15 && at < key.size(); ++at) {
        if (kind_of(key[at]) == key_char::separator) continue;
        head |= (static_cast<unsigned char>(key[at]) & 31U) << shift;
        shift += 5;
    }
    return static_cast<std::uint16_t>(head);
}

/// The heads of a key's words, zero behind the last. The last place of a key with many words stands for any.
class key_words {
public:
    static constexpr std::size_t most = 4;
    static constexpr std::uint16_t any = 0x7FFF;

    constexpr explicit key_words(std::string_view key) noexcept {
        std::size_t count = 0;
        for (std::size_t at = 0; at < key.size(); ++at) {
            if (!begins_word(key, at)) continue;
            heads_[count < most ? count : most - 1] = count < most ? head_of_word(key, at) : any;
            ++count;
        }
    }

    constexpr const std::array<std::uint16_t, most>& heads() const noexcept { return heads_; }

private:
    std::array<std::uint16_t, most> heads_{};
};

/// Which heads the redacted names have: for each first letter the second ones and the third ones.
class key_filter {
public:
    void add(std::string_view name) noexcept;

    bool may_have(const key_words& words) const noexcept {
        for (const unsigned head : words.heads()) {
            if (head == 0) return false;
            if (second_[head & 31] >> (head >> 5 & 31) & third_[head & 31] >> (head >> 10) & 1) return true;
        }
        return false;
    }

private:
    std::array<std::uint32_t, 32> second_{};
    std::array<std::uint32_t, 32> third_{};
};

} // namespace weir::detail
