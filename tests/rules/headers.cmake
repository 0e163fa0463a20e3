# SPDX-License-Identifier: MIT
# Compiles each public header alone, twice in one unit, to check its includes and its guard. Off by default, because it
# costs a second per header and compiler.
if(NOT WEIR_CHECK_HEADERS)
  return()
endif()

file(GLOB_RECURSE headers RELATIVE "${PROJECT_SOURCE_DIR}/include" CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/*.hpp")
set(units "")
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER "${header}" unit)
  set(unit "${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp")
  file(CONFIGURE OUTPUT "${unit}" CONTENT "#include <@header@>\n#include <@header@>\n" @ONLY)
  list(APPEND units "${unit}")
endforeach()

add_library(weir_headers OBJECT ${units})
weir_target_settings(weir_headers)
target_compile_options(weir_headers PRIVATE -O0)
target_include_directories(weir_headers PRIVATE "${PROJECT_SOURCE_DIR}/include")
target_link_libraries(weir_headers PRIVATE Boost::headers ${WEIR_FMT})
