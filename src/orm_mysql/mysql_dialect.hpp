// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/dialect.hpp"

namespace weir::orm {

// Compares strings by their bytes, like other databases: these collations don't ignore trailing spaces.
constexpr const char* mariadb_collation = "utf8mb4_nopad_bin";
constexpr const char* mysql_collation = "utf8mb4_0900_bin"; // since 8.0.17

const dialect& mariadb_dialect() noexcept;
const dialect& mysql_dialect() noexcept;

} // namespace weir::orm
