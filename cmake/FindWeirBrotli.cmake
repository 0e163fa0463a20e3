# SPDX-License-Identifier: MIT
# Defines WeirBrotli::encoder and WeirBrotli::decoder. vcpkg's package configuration is named unofficial-brotli, Conan's
# brotli; upstream and Debian only have headers and libraries, which are found with pkg-config's hints.
include(FindPackageHandleStandardArgs)

if(NOT TARGET WeirBrotli::encoder)
  foreach(_weir_package unofficial-brotli brotli)
    string(REPLACE "-" "::" _weir_names ${_weir_package})
    find_package(${_weir_package} CONFIG QUIET)
    if(TARGET ${_weir_names}::brotlienc AND TARGET ${_weir_names}::brotlidec AND NOT TARGET WeirBrotli::encoder)
      foreach(_weir_part enc dec)
        add_library(WeirBrotli::${_weir_part}oder INTERFACE IMPORTED GLOBAL)
        set_property(TARGET WeirBrotli::${_weir_part}oder PROPERTY
          INTERFACE_LINK_LIBRARIES ${_weir_names}::brotli${_weir_part})
      endforeach()
    endif()
  endforeach()
  if(NOT TARGET WeirBrotli::encoder)
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(_weir_brotli QUIET libbrotlienc)
    endif()
    find_path(WeirBrotli_INCLUDE_DIR brotli/encode.h HINTS ${_weir_brotli_INCLUDE_DIRS})
    foreach(_weir_part enc dec common)
      find_library(WeirBrotli_${_weir_part}_LIBRARY NAMES brotli${_weir_part} HINTS ${_weir_brotli_LIBRARY_DIRS})
    endforeach()
    if(WeirBrotli_INCLUDE_DIR AND WeirBrotli_enc_LIBRARY AND WeirBrotli_dec_LIBRARY AND WeirBrotli_common_LIBRARY)
      foreach(_weir_part enc dec)
        set(_weir_target "WeirBrotli::${_weir_part}oder")
        add_library(${_weir_target} UNKNOWN IMPORTED GLOBAL)
        set_target_properties(${_weir_target} PROPERTIES
          IMPORTED_LOCATION "${WeirBrotli_${_weir_part}_LIBRARY}"
          INTERFACE_INCLUDE_DIRECTORIES "${WeirBrotli_INCLUDE_DIR}"
          INTERFACE_LINK_LIBRARIES "${WeirBrotli_common_LIBRARY}")
      endforeach()
    endif()
  endif()
endif()

set(WeirBrotli_TARGET "")
if(TARGET WeirBrotli::encoder)
  set(WeirBrotli_TARGET WeirBrotli::encoder)
endif()
find_package_handle_standard_args(WeirBrotli REQUIRED_VARS WeirBrotli_TARGET)
