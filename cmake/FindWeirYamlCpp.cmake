# SPDX-License-Identifier: MIT
# Defines WeirYamlCpp::yaml-cpp, whatever yaml-cpp calls its target: yaml-cpp::yaml-cpp from 0.8 on,
# yaml-cpp before.
include(FindPackageHandleStandardArgs)

if(NOT TARGET WeirYamlCpp::yaml-cpp)
  find_package(yaml-cpp CONFIG QUIET)
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
