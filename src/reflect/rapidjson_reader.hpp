// SPDX-License-Identifier: MIT
#pragma once

// RapidJSON under a name of weir's own: an application's RapidJSON with other settings stays apart.
#define RAPIDJSON_NAMESPACE weir_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace weir_rapidjson {
#define RAPIDJSON_NAMESPACE_END }

#include <rapidjson/reader.h>

#include <bit>
#include <cstddef>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::reflect::detail {

using json_encoding = weir_rapidjson::UTF8<>;
using json_memory = weir_rapidjson::MemoryPoolAllocator<>;
using json_text = weir_rapidjson::InsituStringStream;
using json_parser = weir_rapidjson::GenericReader<json_encoding, json_encoding, json_memory>;

/// The text has to be followed by this many NULs: it is looked at 16 bytes at a time.
inline constexpr std::size_t json_text_slack = 16;

/// How many bytes at the start of a string's rest can stand as they are: none of them ends the string,
/// begins an escape or is a control character.
#if defined(__SSE2__)
inline std::size_t unescaped_prefix(const char* text) noexcept {
    for (std::size_t at = 0;; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        const int special = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
        if (special) return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(special)));
    }
}
#else
inline std::size_t unescaped_prefix(const char* text) noexcept {
    std::size_t at = 0;
    while (text[at] != '"' && text[at] != '\\' && static_cast<unsigned char>(text[at]) >= 0x20) ++at;
    return at;
}
#endif

} // namespace weir::reflect::detail

// RapidJSON's hook for reading many bytes of a string at once. Its own versions for SSE let the control
// characters 0x1A to 0x1F pass (in 1.1) and go byte by byte to an aligned address; names are shorter than that.
template<>
template<>
inline void weir::reflect::detail::json_parser::ScanCopyUnescapedString<
    weir::reflect::detail::json_text, weir::reflect::detail::json_text>(weir::reflect::detail::json_text& in,
                                                                        weir::reflect::detail::json_text& out) {
    const std::size_t size = weir::reflect::detail::unescaped_prefix(in.src_);
    if (out.dst_ != in.src_) std::memmove(out.dst_, in.src_, size);
    in.src_ += size;
    out.dst_ += size;
}
