# SPDX-License-Identifier: MIT
# Compiler settings of weir's own targets; nothing here reaches a consumer.
include_guard(GLOBAL)
include(GNUInstallDirs)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
add_custom_target(weir_components)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WEIR_CCACHE}")
endif()

# The target of fmt that weir's targets link: Debian ships no static archive of it.
set(WEIR_FMT fmt::fmt)
if(WEIR_STATIC)
  set(WEIR_FMT fmt::fmt-header-only)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
endif()

# Applies warnings, sanitizers and the language level to one target of this project.
function(weir_target_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion
    # g++ 12 sees an overlap in "text" + std::string (GCC bug 105651), and at -O1 takes the operator delete
    # of a coroutine's frame for another one than its new
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
