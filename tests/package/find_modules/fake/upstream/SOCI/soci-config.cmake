# SPDX-License-Identifier: MIT
# Like SOCI 4.1's: one target per component, and an error if no component is requested.
if(NOT SOCI_FIND_COMPONENTS)
  message(FATAL_ERROR "SOCI was asked for without components")
endif()
foreach(component IN LISTS SOCI_FIND_COMPONENTS)
  add_library(SOCI::${component} INTERFACE IMPORTED)
endforeach()
