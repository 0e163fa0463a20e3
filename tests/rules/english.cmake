# SPDX-License-Identifier: MIT
# cmake -DROOT=... -P english.cmake: fails if a comment or a test's name in a C++ file, or a line of a document, contains
# a phrase that reads like a translation. In documents the lines between <!-- english: examples --> and <!-- english: end -->
# are exempt, as they quote such phrases.
cmake_minimum_required(VERSION 3.25)

set(phrases
  # a pronoun instead of the caller, the client or the missing value
  "nobody" "somebody" "anybody" "whoever" "whom" "who (asks|calls|comes|goes|hears|holds|sends|takes|waits|wants)"
  # passive and impersonal forms
  "told" "untold" "unasked" "hears? of" "heard of" "(can|can't|may|to) be had" "is had" "what (is|was|are|were) told"
  "what becomes of" "what became of" "whatever (became|becomes) of" "none the wiser"
  # adverbs and phrases that are out of use
  "anew" "in vain" "in the making" "shortly ago" "for ever" "now and then" "of one's own" "as many again"
  "is no more" "are no more" "lest" "thereof" "whereof" "unawares" "at hand" "lets? go of" "to and fro"
  # countable nouns that aren't
  "a text" "no text")
list(JOIN phrases "|" phrases)
set(voice "(^|[^a-z0-9_])(${phrases})($|[^a-z0-9_])")

set(found 0)

# Checks one line that has been lowered; `shown` is its place.
macro(check_line line shown)
  if("${line}" MATCHES "${voice}")
    message("${shown}: ${CMAKE_MATCH_2}")
    math(EXPR found "${found} + 1")
  endif()
endmacro()

# Sets `lines` to the file's lines if any of them may contain a phrase, and to nothing otherwise.
function(suspicious_lines file)
  file(READ "${ROOT}/${file}" text)
  string(TOLOWER "${text}" text)
  if(NOT text MATCHES "${voice}")
    set(lines "" PARENT_SCOPE)
    return()
  endif()
  # Replaces characters with a meaning in CMake's lists; the space keeps lines from being empty elements.
  string(REGEX REPLACE "[][;\\\\$\"]" "'" text "${text}")
  string(REPLACE "\n" " ;" lines "${text}")
  set(lines "${lines}" PARENT_SCOPE)
endfunction()

set(code "")
foreach(folder include src tests examples benchmarks)
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${folder}/*.hpp" "${ROOT}/${folder}/*.cpp")
  list(APPEND code ${files})
endforeach()
list(FILTER code EXCLUDE REGEX "^tests/rules/[a-z_0-9]*(fixture|soci_4_1)/")
foreach(file IN LISTS code)
  suspicious_lines("${file}")
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "test_case|subcase")
      check_line("${line}" "${file}:${number}")
    elseif(line MATCHES "//(.*)$")
      check_line("${CMAKE_MATCH_1}" "${file}:${number}")
    endif()
  endforeach()
endforeach()

file(GLOB documents RELATIVE "${ROOT}" "${ROOT}/README.md" "${ROOT}/CONTRIBUTING.md" "${ROOT}/CHANGELOG.md")
file(GLOB_RECURSE docs RELATIVE "${ROOT}" "${ROOT}/docs/*.md")
file(GLOB_RECURSE readmes RELATIVE "${ROOT}" "${ROOT}/examples/README.md")
foreach(file IN LISTS documents docs readmes)
  suspicious_lines("${file}")
  set(number 0)
  set(exempt FALSE)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "<!-- english: examples -->")
      set(exempt TRUE)
    elseif(line MATCHES "<!-- english: end -->")
      set(exempt FALSE)
    elseif(NOT exempt)
      check_line("${line}" "${file}:${number}")
    endif()
  endforeach()
endforeach()

if(found GREATER 0)
  message(FATAL_ERROR "${found} phrases read like a translation")
endif()
list(LENGTH code code_count)
message("${code_count} sources and the documents are in plain English")
