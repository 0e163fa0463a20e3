# SPDX-License-Identifier: MIT
# As SOCI 4.0's: it knows no components and refuses those it is asked for.
if(SOCI_FIND_COMPONENTS)
  set(SOCI_FOUND FALSE)
  return()
endif()
add_library(SOCI::soci_core INTERFACE IMPORTED)
add_library(SOCI::soci_sqlite3 INTERFACE IMPORTED)
