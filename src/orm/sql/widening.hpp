// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir::orm {

// A storage type without its length. Within a family, values of one level fit any higher level.
struct known_storage {
    std::string_view name;
    int family;
    int level;
};

// Whether every value of `from` fits into `to`, a different type: `VARCHAR(200)` into `VARCHAR(500)` or TEXT. A type
// without a length has no limit.
bool widens(std::string_view from, std::string_view to, std::span<const known_storage> known);

} // namespace weir::orm
