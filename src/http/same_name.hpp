// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

namespace weir::http::detail {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Whether two field names are the same in any case.
inline bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto same = [](char x, char y) { return lower(x) == lower(y); };
    return a.size() == b.size() && (a == b || std::equal(a.begin(), a.end(), b.begin(), same));
}

} // namespace weir::http::detail
