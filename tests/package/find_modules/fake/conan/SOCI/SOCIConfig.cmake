# SPDX-License-Identifier: MIT
# Static, as Conan builds unless it is told otherwise; components are not looked at.
add_library(SOCI::soci_core_static INTERFACE IMPORTED)
add_library(SOCI::soci_sqlite3_static INTERFACE IMPORTED)
