# SPDX-License-Identifier: MIT
# Defines WeirHiredis::hiredis. Upstream's package configuration (1.0 and later, vcpkg, Conan) has a target. Debian's
# has none under the name hiredis and fails the whole configure step when requested without a version, so it is never
# used: the header and the library are searched for instead.
include(FindPackageHandleStandardArgs)

if(NOT TARGET WeirHiredis::hiredis)
  find_package(hiredis CONFIG QUIET)
  if(TARGET hiredis::hiredis)
    add_library(WeirHiredis::hiredis INTERFACE IMPORTED GLOBAL)
    set_property(TARGET WeirHiredis::hiredis PROPERTY INTERFACE_LINK_LIBRARIES hiredis::hiredis)
  else()
    find_path(WeirHiredis_INCLUDE_DIR hiredis/hiredis.h)
    find_library(WeirHiredis_LIBRARY NAMES hiredis)
    if(WeirHiredis_INCLUDE_DIR AND WeirHiredis_LIBRARY)
      add_library(WeirHiredis::hiredis UNKNOWN IMPORTED GLOBAL)
      set_target_properties(WeirHiredis::hiredis PROPERTIES
        IMPORTED_LOCATION "${WeirHiredis_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${WeirHiredis_INCLUDE_DIR}")
    endif()
  endif()
endif()

set(WeirHiredis_TARGET "")
if(TARGET WeirHiredis::hiredis)
  set(WeirHiredis_TARGET WeirHiredis::hiredis)
endif()
find_package_handle_standard_args(WeirHiredis REQUIRED_VARS WeirHiredis_TARGET)
