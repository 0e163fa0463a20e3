// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/detail/json_type.hpp>

#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// Reads the text into the value. Booleans are true and false alone (YAML's yes, no, on and off are
/// texts); numbers are decimal without leading zeros, signs for positive ones, or separators.
bool read_scalar(std::string_view text, const json_type& type, void* into);

/// What the type accepts, in words: "true or false".
std::string accepted(const json_type& type);

} // namespace weir::reflect::detail
