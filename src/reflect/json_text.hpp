// SPDX-License-Identifier: MIT
#pragma once

#include "core/byte_block.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

// Scans JSON text, 16 bytes at a time if the processor supports it.
namespace weir::reflect::detail {

/// The text must be followed by this many NULs, where every scan ends.
inline constexpr std::size_t json_text_slack = 16;

/// The part of a string without escapes.
struct plain_run {
    const char* end; ///< at a quote, a backslash or a control character
    bool ascii;      ///< whether the run is ASCII
};

#ifdef WEIR_SCAN_SSE2

using weir::detail::load_16;

inline plain_run skip_plain(const char* p) noexcept {
    for (unsigned high = 0;; p += 16) {
        const __m128i bytes = load_16(p);
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        const auto special =
            static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
        const auto negative = static_cast<unsigned>(_mm_movemask_epi8(bytes));
        if (special != 0) return {p + std::countr_zero(special), (high | (negative & (special ^ (special - 1)))) == 0};
        high |= negative;
    }
}

/// Whether the text continues with this key, which is padded with zeros to a multiple of 16 bytes.
inline bool starts_with_key(const char* p, const char* key, std::size_t size) noexcept {
    for (; size > 16; size -= 16, p += 16, key += 16)
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(load_16(p), load_16(key))) != 0xFFFF) return false;
    const int same = _mm_movemask_epi8(_mm_cmpeq_epi8(load_16(p), load_16(key)));
    const unsigned wanted = (1U << size) - 1;
    return (static_cast<unsigned>(same) & wanted) == wanted;
}

#else

inline plain_run skip_plain(const char* p) noexcept {
    unsigned all = 0;
    for (; *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20; ++p)
        all |= static_cast<unsigned char>(*p);
    return {p, all < 0x80};
}

inline bool starts_with_key(const char* p, const char* key, std::size_t size) noexcept {
    return std::strncmp(p, key, size) == 0;
}

#endif

} // namespace weir::reflect::detail
