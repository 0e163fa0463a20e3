// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <string_view>

namespace weir::reflect::detail {

/// Reads a document in which nothing is wrong, straight into the value: no events, no copy of its strings.
/// False for all it doesn't take, which is every mistake and a few rarities (escapes in names, numbers of
/// more than 19 digits, more than 64 levels): the thorough reader then reads the document from its start and
/// says what is wrong, if anything is. What it takes, the thorough reader takes too, with the same result.
/// The text has to be followed by json_text_slack NULs.
bool read_quickly(std::string_view text, void* into, const json_type& type, const json_options& options);

} // namespace weir::reflect::detail
