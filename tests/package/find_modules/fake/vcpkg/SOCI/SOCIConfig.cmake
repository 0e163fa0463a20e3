# SPDX-License-Identifier: MIT
# Like SOCI 4.0's: has no components and refuses any that are requested.
if(SOCI_FIND_COMPONENTS)
  set(SOCI_FOUND FALSE)
  return()
endif()
add_library(SOCI::soci_core INTERFACE IMPORTED)
add_library(SOCI::soci_sqlite3 INTERFACE IMPORTED)
