// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Extends a string and returns the start of the new part, to be filled by `put`. Appending piece by piece would check
/// the capacity and write the terminator each time.
inline char* extend(std::string& text, std::size_t by) {
    const std::size_t before = text.size();
    text.resize(before + by);
    return text.data() + before;
}

inline char* put(char* at, std::string_view piece) noexcept {
    if (!piece.empty()) std::memcpy(at, piece.data(), piece.size());
    return at + piece.size();
}

} // namespace weir::http::detail
