// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir::orm {

// One way of storing, by its name without a length. Of one family, what is stored at a level fits at a higher one.
struct known_storage {
    std::string_view name;
    int family;
    int level;
};

// Whether everything that the first holds fits into the second, which is another: `VARCHAR(200)` into `VARCHAR(500)`
// or TEXT. A name that has no length there may hold any.
bool widens(std::string_view from, std::string_view to, std::span<const known_storage> known);

} // namespace weir::orm
