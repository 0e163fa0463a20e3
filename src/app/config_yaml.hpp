// SPDX-License-Identifier: MIT
#pragma once

#include "app/config_node.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

inline constexpr std::size_t largest_file = 1024 * 1024;

/// Reads the part of YAML that configuration needs: sections, lists and scalars as strings. Rejects, with the line:
/// duplicate keys, aliases, explicit tags, keys that aren't plain strings, multiple documents, more than 32 levels,
/// more than 1 MiB, NUL, invalid UTF-8, an unclosed quotation mark. Adds problems to `mistakes`; an empty file is an
/// empty section.
node read_yaml(std::string_view text, const std::string& file, int layer, std::vector<mistake>& mistakes);

} // namespace weir::config
