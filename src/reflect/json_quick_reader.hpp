// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <string_view>

namespace weir::reflect::detail {

/// Reads a valid document straight into the value: no events, no copies of strings. Returns false for anything it can't
/// handle, which is every mistake and a few rarities (escapes in names, numbers of more than 19 digits, more than 64
/// levels); the thorough reader then reads the document from the start and reports mistakes, if any. What it accepts,
/// the thorough reader accepts too, with the same result. The text must be followed by json_text_slack NULs.
bool read_quickly(std::string_view text, void* into, const json_type& type, const json_options& options);

} // namespace weir::reflect::detail
