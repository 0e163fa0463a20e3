// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/column_type.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace weir::orm {

// Whether a statement, with its values written into the SQL, has at most `most` bytes. Fast if it is much smaller.
bool fits_packet(std::string_view sql, std::span<const argument> in, std::size_t most);

} // namespace weir::orm
