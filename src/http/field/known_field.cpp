// SPDX-License-Identifier: MIT
#include "http/field/known_field.hpp"

#include "http/field/known_field_table.hpp"

namespace weir::http {

std::string_view name(known_field field) noexcept {
    return detail::known_names[static_cast<std::size_t>(field)].view();
}

known_field known_field_of(std::string_view name) noexcept {
    if (name.empty()) return known_field::none;
    return detail::find_known(name.data(), name.size());
}

} // namespace weir::http
