# SPDX-License-Identifier: MIT
# The API reference: the target weir_docs, where Doxygen is found. It reads the public headers, leaves out the namespaces
# `detail`, writes build/<preset>/docs/html, and fails on a warning where WEIR_WERROR is on.
include_guard(GLOBAL)

find_program(WEIR_DOXYGEN doxygen)
if(NOT WEIR_DOXYGEN)
  return()
endif()

set(weir_docs_folder "${PROJECT_BINARY_DIR}/docs")
set(weir_docs_warnings NO)
if(WEIR_WERROR)
  set(weir_docs_warnings FAIL_ON_WARNINGS)
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in" "${weir_docs_folder}/Doxyfile" @ONLY)
add_custom_target(weir_docs
  COMMAND "${WEIR_DOXYGEN}" "${weir_docs_folder}/Doxyfile"
  COMMENT "The API reference in ${weir_docs_folder}/html"
  VERBATIM)
