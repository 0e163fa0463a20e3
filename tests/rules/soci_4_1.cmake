# SPDX-License-Identifier: MIT
# Compiles the code that uses SOCI against the interface of SOCI 4.1, which changed parts that weir implements, before
# any distribution ships it.
# cmake -DROOT=... -DCOMPILER=... -DINCLUDES=folder;folder -P soci_4_1.cmake
file(GLOB sources "${ROOT}/src/orm*/*.cpp" "${ROOT}/src/orm*/*/*.cpp")
set(includes "")
foreach(folder IN LISTS INCLUDES)
  list(APPEND includes -isystem ${folder})
endforeach()
foreach(source IN LISTS sources)
  file(STRINGS ${source} uses REGEX "soci")
  if(NOT uses)
    continue()
  endif()
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror "-I${ROOT}/include" "-I${ROOT}/src"
      -isystem "${ROOT}/tests/rules/soci_4_1" ${includes} "${source}"
    RESULT_VARIABLE failed ERROR_VARIABLE words)
  if(failed)
    message(FATAL_ERROR "${source} doesn't compile with SOCI 4.1:\n${words}")
  endif()
endforeach()
