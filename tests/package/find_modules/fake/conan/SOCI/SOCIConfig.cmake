# SPDX-License-Identifier: MIT
# Static, Conan's default; ignores components.
add_library(SOCI::soci_core_static INTERFACE IMPORTED)
add_library(SOCI::soci_sqlite3_static INTERFACE IMPORTED)
