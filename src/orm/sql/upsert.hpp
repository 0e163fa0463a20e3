// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/table.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace weir::orm {

// The columns that an upsert changes in an existing row: all except the unique ones and the key.
std::vector<std::size_t> columns_to_replace(const table_info& table, std::span<const std::size_t> unique);

} // namespace weir::orm
