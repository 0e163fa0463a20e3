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

/// Stores the text of a JSON number exactly, or returns false: a fraction or an exponent for an integer,
/// a value beyond the type. A floating number is rounded to the nearest, and to zero below the least.
bool store_number(std::string_view digits, const json_type& type, void* to) noexcept;

/// What a number of this type accepts: `integer`, or `integer between 0 and 255` for digits out of it.
std::string expected_number(std::string_view digits, const json_type& type);

} // namespace weir::reflect::detail
