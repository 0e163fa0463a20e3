// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::http::detail {

inline std::uint64_t lower_bytes(const char* text, std::size_t size) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, size);
    return bytes | 0x2020202020202020U;
}

/// Whether a string without control characters equals this word of letters, digits and '-', case-insensitively.
template<std::size_t Size>
bool same_word(std::string_view text, const char (&lower_word)[Size]) noexcept {
    constexpr std::size_t size = Size - 1;
    constexpr std::size_t first = std::min<std::size_t>(size, 8);
    static_assert(size <= 16);
    if (text.size() != size || lower_bytes(text.data(), first) != lower_bytes(lower_word, first)) return false;
    if constexpr (size > 8) return lower_bytes(text.data() + size - 8, 8) == lower_bytes(lower_word + size - 8, 8);
    return true;
}

} // namespace weir::http::detail
