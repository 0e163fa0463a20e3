// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::orm {

// Whether SQLite, PostgreSQL, MySQL or MariaDB takes the word, in lower case, for something else than a name.
bool is_reserved(std::string_view word);

} // namespace weir::orm
