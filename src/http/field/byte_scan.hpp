// SPDX-License-Identifier: MIT
#pragma once

#include "core/byte_block.hpp"

#include <array>
#include <cstdint>
#include <cstring>

// Finds the first byte of a class, 16 bytes at a time where the processor can. No function reads at or beyond `end`;
// each returns `end` if there is no such byte.
namespace weir::http::detail {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

inline constexpr int not_hex = -1;

/// Returns the value of a hexadecimal digit; `not_hex` for other bytes.
constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char letter = static_cast<char>(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : not_hex;
}

/// The classes of a byte, one bit each.
struct byte_class {
    static constexpr std::uint8_t token = 1;     // RFC 9110 tchar
    static constexpr std::uint8_t host = 2;      // unreserved and sub-delims of RFC 3986
    static constexpr std::uint8_t name_fast = 4; // letters and '-', the characters of nearly all names
    static constexpr std::uint8_t text = 8;      // field value: visible, SP, HTAB, obs-text
    static constexpr std::uint8_t target = 16;   // visible ASCII except '#' and '?'
    static constexpr std::uint8_t unreserved = 32;
    static constexpr std::uint8_t plain = 64;      // ASCII except '%' and '.'
    static constexpr std::uint8_t host_fast = 128; // letters, digits, '-' and '.'
};

constexpr std::array<std::uint8_t, 256> classify_bytes() {
    std::array<std::uint8_t, 256> table{};
    for (int c = 0; c < 256; ++c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        const auto among = [c](const char* list) {
            for (; *list != 0; ++list)
                if (c == *list) return true;
            return false;
        };
        unsigned kinds = 0;
        if (letter || digit || among("!#$%&'*+-.^_`|~")) kinds |= byte_class::token;
        if (letter || digit || among("-._~")) kinds |= byte_class::unreserved;
        if (letter || digit || among("-._~!$&'()*+,;=")) kinds |= byte_class::host;
        if (letter || digit || among("-.")) kinds |= byte_class::host_fast;
        if (letter || c == '-') kinds |= byte_class::name_fast;
        if (c == '\t' || (c >= 0x20 && c != 0x7f)) kinds |= byte_class::text;
        if (c > 0x20 && c < 0x7f && c != '#' && c != '?') kinds |= byte_class::target;
        if (c < 0x80 && c != '%' && c != '.') kinds |= byte_class::plain;
        table[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(kinds);
    }
    return table;
}

inline constexpr std::array<std::uint8_t, 256> byte_classes = classify_bytes();

constexpr bool is(std::uint8_t kind, char c) noexcept {
    return (byte_classes[static_cast<unsigned char>(c)] & kind) != 0;
}

/// Returns the first byte outside the class.
inline const char* skip_class(std::uint8_t kind, const char* p, const char* end) noexcept {
    while (p != end && is(kind, *p)) ++p;
    return p;
}

#ifdef WEIR_SCAN_SSE2

using weir::detail::load_rest;

inline __m128i load_block(const char* p, const char* end) noexcept {
    const auto size = static_cast<std::size_t>(end - p);
    if (size >= 16) [[likely]]
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return load_rest(p, size);
}

/// Returns the offset of the first marked byte, 16 if none is marked.
inline unsigned first_of(__m128i marks) noexcept {
    return static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(marks)) | 0x10000U));
}

inline __m128i equals(__m128i bytes, char c) noexcept { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }

inline __m128i at_most(__m128i bytes, unsigned char limit) noexcept {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(static_cast<char>(limit))), bytes);
}

inline __m128i not_of(__m128i marks) noexcept { return _mm_xor_si128(marks, _mm_set1_epi8(-1)); }

/// Letters become lower case, '-' stays; other bytes may become anything but a letter or '-'.
inline __m128i lower(__m128i bytes) noexcept { return _mm_or_si128(bytes, _mm_set1_epi8(0x20)); }

inline __m128i other_than_name(__m128i bytes) noexcept {
    const __m128i letter = at_most(_mm_sub_epi8(lower(bytes), _mm_set1_epi8('a')), 25);
    return not_of(_mm_or_si128(letter, equals(bytes, '-')));
}

inline __m128i other_than_text(__m128i bytes) noexcept {
    return _mm_or_si128(_mm_andnot_si128(equals(bytes, '\t'), at_most(bytes, 0x1f)), equals(bytes, 0x7f));
}

inline __m128i other_than_host(__m128i bytes) noexcept {
    const __m128i letter = at_most(_mm_sub_epi8(lower(bytes), _mm_set1_epi8('a')), 25);
    const __m128i digit = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
    const __m128i mark = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('-')), 1); // '-' and '.'
    return not_of(_mm_or_si128(letter, _mm_or_si128(digit, mark)));
}

inline __m128i other_than_id(__m128i bytes) noexcept {
    return _mm_andnot_si128(equals(bytes, '_'), other_than_host(bytes));
}

inline __m128i other_than_target(__m128i bytes) noexcept {
    // signed: bytes from 0x80 on are negative
    const __m128i outside = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21)), equals(bytes, 0x7f));
    return _mm_or_si128(outside, _mm_or_si128(equals(bytes, '#'), equals(bytes, '?')));
}

inline __m128i other_than_plain(__m128i bytes) noexcept {
    const __m128i high = _mm_cmplt_epi8(bytes, _mm_setzero_si128());
    return _mm_or_si128(high, _mm_or_si128(equals(bytes, '%'), equals(bytes, '.')));
}

template<class Marks>
inline const char* find_block(const char* p, const char* end, Marks marks) noexcept {
    for (;;) {
        const auto rest = static_cast<std::size_t>(end - p);
        if (rest < 16) break;
        const unsigned at = first_of(marks(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
        p += at;
        if (at < 16) return p;
    }
    const auto rest = static_cast<std::size_t>(end - p);
    const unsigned at = first_of(marks(load_rest(p, rest)));
    return at < rest ? p + at : end;
}

/// Returns the first byte that is neither a letter nor '-'.
inline const char* skip_name(const char* p, const char* end) noexcept { return find_block(p, end, other_than_name); }

/// Returns the first byte not allowed in a field value: CR, LF, NUL and the other control characters except HTAB.
inline const char* skip_text(const char* p, const char* end) noexcept { return find_block(p, end, other_than_text); }

/// Returns the first byte not allowed in a request target, or '#' or '?'.
inline const char* skip_target(const char* p, const char* end) noexcept {
    return find_block(p, end, other_than_target);
}

/// Returns the first byte that isn't a letter, a digit, '-' or '.'.
inline const char* skip_host(const char* p, const char* end) noexcept { return find_block(p, end, other_than_host); }

/// Returns the first byte that isn't a letter, a digit, '-', '.' or '_'.
inline const char* skip_id(const char* p, const char* end) noexcept { return find_block(p, end, other_than_id); }

/// Returns the first '%', '.' or byte beyond ASCII: a path without them needs no check of its segments.
inline const char* skip_plain(const char* p, const char* end) noexcept { return find_block(p, end, other_than_plain); }

#else

inline const char* skip_name(const char* p, const char* end) noexcept {
    return skip_class(byte_class::name_fast, p, end);
}

inline const char* skip_text(const char* p, const char* end) noexcept { return skip_class(byte_class::text, p, end); }

inline const char* skip_target(const char* p, const char* end) noexcept {
    return skip_class(byte_class::target, p, end);
}

inline const char* skip_host(const char* p, const char* end) noexcept {
    return skip_class(byte_class::host_fast, p, end);
}

inline const char* skip_id(const char* p, const char* end) noexcept {
    while (p != end && (is(byte_class::host_fast, *p) || *p == '_')) ++p;
    return p;
}

inline const char* skip_plain(const char* p, const char* end) noexcept { return skip_class(byte_class::plain, p, end); }

#endif

} // namespace weir::http::detail
