# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
set_property(GLOBAL PROPERTY WEIR_KNOWN_COMPONENTS "")
set_property(GLOBAL PROPERTY WEIR_BUILT_COMPONENTS "")

# weir_component(NAME FOLDERS f... [USES component...] [PACKAGES "find_package arguments"...]
#                [PUBLIC target...] [PRIVATE target...] [OPTIONAL "package definition target..."...]
#                [BUILD_ONLY "package target..."...])
# Makes the static library weir_NAME with the alias weir::NAME from the sources in src/<folder>,
# and records what its package configuration has to find. A component whose package is missing is
# left out with one line that says so. An optional package that is there is linked, and its
# definition tells the component's own sources. A package of headers that only the component's own sources
# include is build-only: who uses the built component needn't have it.
function(weir_component name)
  cmake_parse_arguments(arg "" "" "FOLDERS;USES;PACKAGES;PUBLIC;PRIVATE;OPTIONAL;BUILD_ONLY" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY WEIR_KNOWN_COMPONENTS ${name})
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
  foreach(build_only IN LISTS arg_BUILD_ONLY)
    separate_arguments(words UNIX_COMMAND "${build_only}")
    list(POP_FRONT words package)
    find_package(${package} QUIET)
    if(NOT ${package}_FOUND)
      message(STATUS "weir: component ${name} is left out: ${package} was not found")
      return()
    endif()
    list(TRANSFORM words REPLACE "(.+)" "$<BUILD_INTERFACE:\\1>")
    list(APPEND arg_PRIVATE ${words})
  endforeach()
  set(definitions "")
  foreach(optional IN LISTS arg_OPTIONAL)
    separate_arguments(words UNIX_COMMAND "${optional}")
    list(POP_FRONT words package definition)
    find_package(${package} QUIET)
    if(${package}_FOUND)
      list(APPEND arg_PACKAGES ${package})
      list(APPEND arg_PRIVATE ${words})
      list(APPEND definitions ${definition})
    else()
      message(STATUS "weir: component ${name} is built without ${package}, which was not found")
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
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp"
      "${PROJECT_SOURCE_DIR}/src/${folder}/*/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  list(SORT sources)

  weir_unity(sources all weir_${name} ${sources})
  add_library(weir_${name} STATIC ${sources})
  add_library(weir::${name} ALIAS weir_${name})
  set_target_properties(weir_${name} PROPERTIES EXPORT_NAME ${name})
  weir_target_settings(weir_${name})
  target_include_directories(weir_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  list(TRANSFORM arg_USES PREPEND weir:: OUTPUT_VARIABLE used_targets)
  target_link_libraries(weir_${name} PUBLIC ${used_targets} ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  target_compile_definitions(weir_${name} PRIVATE ${definitions})
  add_dependencies(weir_components weir_${name})

  set_property(GLOBAL APPEND PROPERTY WEIR_BUILT_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY WEIR_${name}_FOLDERS ${arg_FOLDERS})
  set_property(GLOBAL PROPERTY WEIR_${name}_USES ${arg_USES})
  set_property(GLOBAL PROPERTY WEIR_${name}_PACKAGES ${arg_PACKAGES})
endfunction()

# Installs one component: its headers, its library and an export set of its own.
function(_weir_install_component name)
  get_property(folders GLOBAL PROPERTY WEIR_${name}_FOLDERS)
  foreach(folder IN LISTS folders)
    set(headers "${PROJECT_SOURCE_DIR}/include/weir/${folder}")
    if(EXISTS "${headers}")
      install(DIRECTORY "${headers}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir" FILES_MATCHING PATTERN "*.hpp")
    endif()
    if(EXISTS "${headers}.hpp")
      install(FILES "${headers}.hpp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir")
    endif()
  endforeach()
  install(TARGETS weir_${name} EXPORT weir-${name}-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT weir-${name}-targets NAMESPACE weir:: DESTINATION "${WEIR_INSTALL_CMAKEDIR}")
endfunction()

# Installs headers, libraries, one export set per component and the package configuration.
function(weir_install_package)
  include(CMakePackageConfigHelpers)
  set(WEIR_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/weir")
  get_property(WEIR_KNOWN_COMPONENTS GLOBAL PROPERTY WEIR_KNOWN_COMPONENTS)
  get_property(WEIR_BUILT_COMPONENTS GLOBAL PROPERTY WEIR_BUILT_COMPONENTS)
  set(WEIR_COMPONENT_NEEDS "")
  foreach(name IN LISTS WEIR_BUILT_COMPONENTS)
    _weir_install_component(${name})
    get_property(uses GLOBAL PROPERTY WEIR_${name}_USES)
    get_property(packages GLOBAL PROPERTY WEIR_${name}_PACKAGES)
    string(APPEND WEIR_COMPONENT_NEEDS "set(_weir_${name}_uses \"${uses}\")\n")
    string(APPEND WEIR_COMPONENT_NEEDS "set(_weir_${name}_packages \"${packages}\")\n")
  endforeach()

  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/weirConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/weirConfig.cmake" INSTALL_DESTINATION "${WEIR_INSTALL_CMAKEDIR}"
    NO_CHECK_REQUIRED_COMPONENTS_MACRO)
  # Before 1.0 a minor version may break its users, so each is compatible with itself alone.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/weirConfigVersion.cmake"
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  file(GLOB finders CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/FindWeir*.cmake")
  install(FILES "${PROJECT_BINARY_DIR}/weirConfig.cmake" "${PROJECT_BINARY_DIR}/weirConfigVersion.cmake" ${finders}
    DESTINATION "${WEIR_INSTALL_CMAKEDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endfunction()
