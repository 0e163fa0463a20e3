// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir::detail {

/// Loads a string of at most 7 bytes as a number without reading past its end.
inline std::uint64_t load_up_to_7(const char* p, std::size_t size) noexcept {
    const auto byte = [p](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(p[at])}; };
    if (size >= 4) {
        std::uint32_t first;
        std::uint32_t last;
        std::memcpy(&first, p, 4);
        std::memcpy(&last, p + size - 4, 4);
        return std::uint64_t{first} | std::uint64_t{last} << (8 * (size - 4));
    }
    if (size == 0) return 0;
    return byte(0) | byte(size / 2) << (8 * (size / 2)) | byte(size - 1) << (8 * (size - 1));
}

} // namespace weir::detail

#if defined(__SSE2__) && !defined(WEIR_PORTABLE_SCAN)
#define WEIR_SCAN_SSE2 1
#include <emmintrin.h>

// Helpers for code that scans text 16 bytes at a time.
namespace weir::detail {

/// Loads the last (fewer than 16) bytes of a buffer, padded with zeros, without reading past its end.
inline __m128i load_rest(const char* p, std::size_t size) noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (size >= 8) {
        std::memcpy(&low, p, 8);
        high = load_up_to_7(p + 8, size - 8);
    } else {
        low = load_up_to_7(p, size);
    }
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

inline __m128i load_16(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline void store_16(char* p, __m128i bytes) noexcept { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes); }

} // namespace weir::detail
#endif
