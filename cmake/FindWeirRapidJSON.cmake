# SPDX-License-Identifier: MIT
# Defines WeirRapidJSON::rapidjson: headers only, which only weir's own sources include. The target is rapidjson in
# vcpkg's and Conan's package configurations and RapidJSON in newer upstream ones; Debian's only sets a variable.
include(FindPackageHandleStandardArgs)

if(NOT TARGET WeirRapidJSON::rapidjson)
  find_package(RapidJSON CONFIG QUIET)
  foreach(_weir_rapidjson_target rapidjson RapidJSON)
    if(TARGET ${_weir_rapidjson_target} AND NOT TARGET WeirRapidJSON::rapidjson)
      add_library(WeirRapidJSON::rapidjson INTERFACE IMPORTED GLOBAL)
      set_property(TARGET WeirRapidJSON::rapidjson PROPERTY INTERFACE_LINK_LIBRARIES ${_weir_rapidjson_target})
    endif()
  endforeach()
  if(NOT TARGET WeirRapidJSON::rapidjson)
    find_path(WeirRapidJSON_INCLUDE_DIR rapidjson/reader.h
      HINTS ${RAPIDJSON_INCLUDE_DIRS} ${RapidJSON_INCLUDE_DIRS} ${RapidJSON_INCLUDE_DIR})
    if(WeirRapidJSON_INCLUDE_DIR)
      add_library(WeirRapidJSON::rapidjson INTERFACE IMPORTED GLOBAL)
      set_property(TARGET WeirRapidJSON::rapidjson PROPERTY
        INTERFACE_INCLUDE_DIRECTORIES "${WeirRapidJSON_INCLUDE_DIR}")
    endif()
  endif()
endif()

set(WeirRapidJSON_TARGET "")
if(TARGET WeirRapidJSON::rapidjson)
  set(WeirRapidJSON_TARGET WeirRapidJSON::rapidjson)
endif()
find_package_handle_standard_args(WeirRapidJSON REQUIRED_VARS WeirRapidJSON_TARGET)
