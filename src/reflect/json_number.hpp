// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/detail/json_type.hpp>

#include <string>
#include <string_view>

namespace weir::reflect::detail {

inline bool is_number(const json_type& type) noexcept {
    return type.kind == json_kind::signed_integer || type.kind == json_kind::unsigned_integer ||
           type.kind == json_kind::floating;
}

/// Stores a JSON number exactly, or returns false: for a fraction or an exponent in an integer, or a value out of
/// range. A floating-point number is rounded to nearest, and to zero below the smallest.
bool store_number(std::string_view digits, const json_type& type, void* to) noexcept;

/// Describes the numbers that this type accepts: `integer`, or `integer between 0 and 255` if the digits are out of
/// range.
std::string expected_number(std::string_view digits, const json_type& type);

} // namespace weir::reflect::detail
