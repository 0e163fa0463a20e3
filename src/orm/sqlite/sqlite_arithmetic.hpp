// SPDX-License-Identifier: MIT
#pragma once

namespace sqlite_api { // SOCI's namespace around sqlite3.h
struct sqlite3;
}

namespace weir::orm {

// Defines the functions weir_add and weir_subtract on a connection, which fail with sqlite_overflow if the result
// doesn't fit: SQLite's own + turns an INTEGER beyond 64 bits into a REAL. Returns SQLite's code.
int define_arithmetic(sqlite_api::sqlite3* connection);

} // namespace weir::orm
