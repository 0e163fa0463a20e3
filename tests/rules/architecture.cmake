# SPDX-License-Identifier: MIT
# cmake -DROOT=... -P architecture.cmake: each path in backticks in docs/architecture.md that begins with a folder of the
# repository has to exist.
cmake_minimum_required(VERSION 3.25)
file(READ "${ROOT}/docs/architecture.md" text)
string(REGEX MATCHALL "`(src|include|tests|examples|benchmarks|scripts|docs)(/[A-Za-z0-9_./]*)?`" named "${text}")
set(missing 0)
foreach(path IN LISTS named)
  string(REPLACE "`" "" path "${path}")
  if(NOT EXISTS "${ROOT}/${path}")
    message("docs/architecture.md: ${path} doesn't exist")
    math(EXPR missing "${missing} + 1")
  endif()
endforeach()
list(LENGTH named count)
if(missing GREATER 0 OR count EQUAL 0)
  message(FATAL_ERROR "${missing} of ${count} paths in docs/architecture.md don't exist")
endif()
message("${count} paths in docs/architecture.md exist")
