// SPDX-License-Identifier: MIT
#include "orm/sql/widening.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace weir::orm {

namespace {

struct storage_parts {
    std::string_view name;
    std::size_t length = std::numeric_limits<std::size_t>::max();
};

storage_parts parts_of(std::string_view type) {
    storage_parts parts{type};
    const std::size_t open = type.find('(');
    if (open == std::string_view::npos) return parts;
    parts.name = type.substr(0, open);
    const std::string_view inside = type.substr(open + 1);
    std::from_chars(inside.data(), inside.data() + inside.size(), parts.length);
    return parts;
}

} // namespace

bool widens(std::string_view from, std::string_view to, std::span<const known_storage> known) {
    const storage_parts before = parts_of(from);
    const storage_parts after = parts_of(to);
    if (before.name == after.name) return before.length < after.length;
    const auto here = std::ranges::find(known, before.name, &known_storage::name);
    const auto there = std::ranges::find(known, after.name, &known_storage::name);
    return here != known.end() && there != known.end() && here->family == there->family && here->level < there->level;
}

} // namespace weir::orm
