// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::orm {

// Encloses a table's name and its dot in the SQL of columns and conditions.
inline constexpr char table_mark = '\x1f';
// Enclose the values of `in()` until the database's form of lists is known.
inline constexpr std::string_view list_begin = "\x1e(";
inline constexpr std::string_view list_end = ")\x1e";

// Removes the marks, and without `with_tables` the table names between them.
std::string resolved(std::string_view marked, bool with_tables);

} // namespace weir::orm
