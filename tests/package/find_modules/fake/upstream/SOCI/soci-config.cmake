# SPDX-License-Identifier: MIT
# As SOCI 4.1's: one target a component, and an error for who asks for none.
if(NOT SOCI_FIND_COMPONENTS)
  message(FATAL_ERROR "SOCI was asked for without components")
endif()
foreach(component IN LISTS SOCI_FIND_COMPONENTS)
  add_library(SOCI::${component} INTERFACE IMPORTED)
endforeach()
