// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// One step of a path like `items[3].quantity`, linked to the step before it. Steps live on the stack, so a path costs
/// nothing until an error needs its text.
struct path_step {
    const path_step* parent = nullptr;
    std::string_view name{}; ///< a member's name or a map's key
    std::size_t index = 0;   ///< the index in a list, where `name` is null

    path_step(const path_step* from, std::string_view member) noexcept : parent(from), name(member) {}
    path_step(const path_step* from, std::size_t at) noexcept : parent(from), index(at) {}

    std::string text() const;
};

/// Appends `.name`, without the dot at the path's start; truncates a very long map key.
void append_path(std::string& path, std::string_view name);
/// Appends `[index]`.
void append_path(std::string& path, std::size_t index);

} // namespace weir::reflect::detail
