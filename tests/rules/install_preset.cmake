# SPDX-License-Identifier: MIT
# cmake -DROOT=... -DFOLDER=... -P install_preset.cmake: checks that the preset install compiles only the library,
# without -Werror, and requires nothing that only tests need. FOLDER is the build directory.
file(REMOVE_RECURSE "${FOLDER}")
execute_process(COMMAND ${CMAKE_COMMAND} --preset install -B "${FOLDER}" -DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON
  WORKING_DIRECTORY "${ROOT}" OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the preset install can't be configured without doctest:\n${said}")
endif()
file(READ "${FOLDER}/compile_commands.json" json)
string(JSON last LENGTH "${json}")
math(EXPR last "${last} - 1")
foreach(index RANGE ${last})
  string(JSON source GET "${json}" ${index} file)
  string(JSON command GET "${json}" ${index} command)
  string(FIND "${source}" "${ROOT}/src/" at)
  if(NOT at EQUAL 0)
    message(FATAL_ERROR "the preset install compiles ${source}, which isn't part of the library")
  elseif(command MATCHES "-Werror")
    message(FATAL_ERROR "the preset install compiles ${source} with -Werror")
  endif()
endforeach()
file(REMOVE_RECURSE "${FOLDER}")
