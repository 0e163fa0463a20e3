// SPDX-License-Identifier: MIT
#pragma once

// SQLite's interface in SOCI's namespace sqlite_api. SOCI 4.0 includes all of it there, 4.1 declares only a few types.
#include <soci/sqlite3/soci-sqlite3.h>
#include <soci/version.h>

#if SOCI_VERSION >= 400100
#include <cstdarg>
namespace sqlite_api {
#include <sqlite3.h>
} // namespace sqlite_api
#endif
