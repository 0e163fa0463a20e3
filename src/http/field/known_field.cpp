// SPDX-License-Identifier: MIT
#include "http/field/known_field.hpp"

#include "http/field/known_field_table.hpp"

namespace weir::http::detail {

std::string_view name(known_field field) noexcept { return known_names[static_cast<std::size_t>(field)].view(); }

known_field known_field_of(std::string_view name) noexcept {
    if (name.empty()) return known_field::none;
    return find_known(name.data(), name.size());
}

} // namespace weir::http::detail
