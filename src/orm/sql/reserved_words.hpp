// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::orm {

// Whether SQLite, PostgreSQL, MySQL or MariaDB reserves the word; takes lower case.
bool is_reserved(std::string_view word);

} // namespace weir::orm
