# SPDX-License-Identifier: MIT
# Defines WeirYamlCpp::yaml-cpp for either name of yaml-cpp's target: yaml-cpp::yaml-cpp from 0.8 on, yaml-cpp before.
include(FindPackageHandleStandardArgs)

if(NOT TARGET WeirYamlCpp::yaml-cpp)
  find_package(yaml-cpp CONFIG QUIET)
  if(WEIR_STATIC)
    find_path(WeirYamlCpp_INCLUDE_DIR yaml-cpp/yaml.h)
    find_library(WeirYamlCpp_LIBRARY NAMES yaml-cpp)
    if(WeirYamlCpp_INCLUDE_DIR AND WeirYamlCpp_LIBRARY)
      add_library(WeirYamlCpp::yaml-cpp UNKNOWN IMPORTED GLOBAL)
      set_target_properties(WeirYamlCpp::yaml-cpp PROPERTIES
        IMPORTED_LOCATION "${WeirYamlCpp_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${WeirYamlCpp_INCLUDE_DIR}"
        INTERFACE_COMPILE_DEFINITIONS YAML_CPP_STATIC_DEFINE)
    endif()
  endif()
  foreach(_weir_yaml_target yaml-cpp::yaml-cpp yaml-cpp)
    if(TARGET ${_weir_yaml_target} AND NOT TARGET WeirYamlCpp::yaml-cpp)
      add_library(WeirYamlCpp::yaml-cpp INTERFACE IMPORTED GLOBAL)
      set_property(TARGET WeirYamlCpp::yaml-cpp PROPERTY INTERFACE_LINK_LIBRARIES ${_weir_yaml_target})
    endif()
  endforeach()
endif()

set(WeirYamlCpp_TARGET "")
if(TARGET WeirYamlCpp::yaml-cpp)
  set(WeirYamlCpp_TARGET WeirYamlCpp::yaml-cpp)
endif()
find_package_handle_standard_args(WeirYamlCpp REQUIRED_VARS WeirYamlCpp_TARGET)
