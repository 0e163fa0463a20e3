// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/column_type.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace weir::orm {

// Whether a statement, with its values written into its text, has no more bytes than that. Quick where it has much
// fewer.
bool fits_packet(std::string_view sql, std::span<const argument> in, std::size_t most);

} // namespace weir::orm
