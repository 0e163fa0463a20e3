# SPDX-License-Identifier: MIT
# cmake -DROOT=... -DCLANG_FORMAT=... -P format.cmake: fails if a source isn't formatted.
set(sources "")
foreach(folder include src tests examples benchmarks)
  file(GLOB_RECURSE found "${ROOT}/${folder}/*.hpp" "${ROOT}/${folder}/*.cpp")
  list(APPEND sources ${found})
endforeach()
list(FILTER sources EXCLUDE REGEX "/tests/rules/[a-z_]+_fixture/")
execute_process(COMMAND "${CLANG_FORMAT}" --dry-run -Werror ${sources} RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "run clang-format -i on the sources named above")
endif()
