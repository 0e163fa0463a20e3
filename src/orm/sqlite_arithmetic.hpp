// SPDX-License-Identifier: MIT
#pragma once

namespace sqlite_api { // SOCI's, around sqlite3.h
struct sqlite3;
}

namespace weir::orm {

// Defines the functions weir_add and weir_subtract on a connection, which fail with sqlite_overflow where a number
// doesn't fit: SQLite's own + makes a REAL of an INTEGER past 64 bits. SQLite's code.
int define_arithmetic(sqlite_api::sqlite3* connection);

} // namespace weir::orm
