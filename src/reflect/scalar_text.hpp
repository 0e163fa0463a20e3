// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/detail/json_type.hpp>

#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// Parses the text into the value. Booleans are only true and false (YAML's yes, no, on and off are strings); numbers
/// are decimal without leading zeros, a plus sign or separators.
bool read_scalar(std::string_view text, const json_type& type, void* into);

/// Describes what the type accepts: "true or false".
std::string accepted(const json_type& type);

} // namespace weir::reflect::detail
