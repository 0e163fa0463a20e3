# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
set_property(GLOBAL PROPERTY WEIR_BUILT_COMPONENTS "")

# weir_component(NAME FOLDERS f... [USES component...] [PACKAGES "find_dependency arguments"...]
#                [PUBLIC target...] [PRIVATE target...])
# Makes the static library weir_NAME with the alias weir::NAME from the sources in src/<folder>,
# and records what its package configuration has to find. A component whose package is missing is
# left out with one line that says so.
function(weir_component name)
  cmake_parse_arguments(arg "" "" "FOLDERS;USES;PACKAGES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT WEIR_COMPONENTS STREQUAL "all" AND NOT name IN_LIST WEIR_COMPONENTS)
    return()
  endif()
  foreach(package IN LISTS arg_PACKAGES)
    separate_arguments(words UNIX_COMMAND "${package}")
    find_package(${words} QUIET)
    list(GET words 0 package_name)
    if(NOT ${package_name}_FOUND)
      message(STATUS "weir: component ${name} is left out: ${package} was not found")
      return()
    endif()
  endforeach()
  foreach(used IN LISTS arg_USES)
    if(NOT TARGET weir_${used})
      message(STATUS "weir: component ${name} is left out: it uses ${used}")
      return()
    endif()
  endforeach()

  set(sources "")
  foreach(folder IN LISTS arg_FOLDERS)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  list(SORT sources)

  add_library(weir_${name} STATIC ${sources})
  add_library(weir::${name} ALIAS weir_${name})
  set_target_properties(weir_${name} PROPERTIES EXPORT_NAME ${name})
  weir_target_settings(weir_${name})
  target_include_directories(weir_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  list(TRANSFORM arg_USES PREPEND weir:: OUTPUT_VARIABLE used_targets)
  target_link_libraries(weir_${name} PUBLIC ${used_targets} ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})

  add_dependencies(weir_components weir_${name})

  set_property(GLOBAL APPEND PROPERTY WEIR_BUILT_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY WEIR_${name}_FOLDERS ${arg_FOLDERS})
  set_property(GLOBAL PROPERTY WEIR_${name}_USES ${arg_USES})
  set_property(GLOBAL PROPERTY WEIR_${name}_PACKAGES ${arg_PACKAGES})
endfunction()

# Installs headers, libraries, one export set per component and the package configuration.
function(weir_install_package)
endfunction()
