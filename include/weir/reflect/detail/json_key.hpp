// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

namespace weir::reflect::detail {

/// The length of `"name":`.
template<class Field>
inline constexpr std::size_t json_key_size = Field::name.size() + 3;

/// `"name":` padded with zeros to a multiple of 16 bytes, so that it can be compared 16 bytes at a time.
template<class Field>
inline constexpr auto json_key = [] {
    std::array<char, (json_key_size<Field> + 15) / 16 * 16> text{};
    text[0] = '"';
    for (std::size_t i = 0; i < Field::name.size(); ++i) text[i + 1] = Field::name[i];
    text[json_key_size<Field> - 2] = '"';
    text[json_key_size<Field> - 1] = ':';
    return text;
}();

} // namespace weir::reflect::detail
