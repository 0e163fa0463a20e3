# SPDX-License-Identifier: MIT
# Compiler settings of weir's own targets; none of them affects users.
include_guard(GLOBAL)
include(GNUInstallDirs)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
add_custom_target(weir_components)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WEIR_CCACHE}")
endif()

# The fmt target that weir links: Debian ships no static archive of fmt.
set(WEIR_FMT fmt::fmt)
if(WEIR_STATIC)
  set(WEIR_FMT fmt::fmt-header-only)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
endif()

# weir_unity(OUT SCOPE NAME source...): sets OUT to units of ten sources each if WEIR_UNITY is `all` or equals SCOPE
# (`tests` or `all`), otherwise to the sources. A test's includes cost more than the test, so ten files of a suite
# compile in a fifth of the time. Sources that can't share a unit have SKIP_UNITY_BUILD_INCLUSION, as in CMake's own
# unity builds, which aren't used because they include sources by absolute paths and so defeat a compiler cache shared
# by clones.
function(weir_unity out scope name)
  if(NOT WEIR_UNITY STREQUAL "all" AND NOT WEIR_UNITY STREQUAL scope)
    set(${out} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(units "")
  set(text "")
  set(size 0)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source)
    get_source_file_property(alone "${source}" SKIP_UNITY_BUILD_INCLUSION)
    if(alone)
      list(APPEND units "${source}")
      continue()
    endif()
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
    string(APPEND text "#include \"${source}\"\n")
    math(EXPR size "${size} + 1")
    if(size EQUAL 10)
      _weir_unit(units ${name} "${text}")
      set(text "")
      set(size 0)
    endif()
  endforeach()
  if(text)
    _weir_unit(units ${name} "${text}")
  endif()
  set(${out} ${units} PARENT_SCOPE)
endfunction()

# Writes one unit and appends it to the list.
function(_weir_unit out name text)
  list(LENGTH ${out} number)
  set(unit "${CMAKE_CURRENT_BINARY_DIR}/unity/${name}_${number}.cpp")
  file(CONFIGURE OUTPUT "${unit}" CONTENT "@text@" @ONLY)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/.clang-tidy") # clang-tidy looks for its configuration next to the unit
    configure_file("${CMAKE_CURRENT_SOURCE_DIR}/.clang-tidy" "${CMAKE_CURRENT_BINARY_DIR}/unity/.clang-tidy" COPYONLY)
  endif()
  set_source_files_properties("${unit}" PROPERTIES
    INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}"
    # g++ treats files included by a unit as headers
    COMPILE_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  set(${out} ${${out}} "${unit}" PARENT_SCOPE)
endfunction()

# Applies warnings, sanitizers and the language level to one target of this project.
function(weir_target_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion
    # g++ 12 reports a false overlap in "text" + std::string (GCC bug 105651), and at -O1 a false mismatch between the
    # operators new and delete of a coroutine's frame
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict$<SEMICOLON>-Wno-mismatched-new-delete>
    $<$<BOOL:${WEIR_WERROR}>:-Werror>)
  if(WEIR_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all -g1
      # clang 14 can't assemble this check's prologue in coroutines
      $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
    target_link_options(${target} PUBLIC -fsanitize=${WEIR_SANITIZE})
  endif()
  if(WEIR_STATIC)
    target_link_options(${target} PRIVATE -static-libgcc -static-libstdc++ -Wl,--as-needed)
  endif()
  if(WEIR_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
