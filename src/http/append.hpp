// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Makes a text longer and returns where the new part begins, to be filled by `put`: a string that is appended to
/// checks its room and ends itself at each piece.
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
