# SPDX-License-Identifier: MIT
# find_package(WeirSOCI [COMPONENTS sqlite3 postgresql mysql]): defines WeirSOCI::core and WeirSOCI::<backend>. SOCI 4.0
# ships no CMake configuration in Debian, uses other names in vcpkg and Conan, and yet others from 4.1 on; its headers
# need Boost's and the client library's, which no package declares. Prefers an upstream configuration if there is one.
include(FindPackageHandleStandardArgs)

set(_weir_soci_backends ${WeirSOCI_FIND_COMPONENTS})
if(NOT _weir_soci_backends)
  set(_weir_soci_backends sqlite3)
endif()
set(_weir_soci_config_name_sqlite3 SQLite3)
set(_weir_soci_config_name_postgresql PostgreSQL)
set(_weir_soci_config_name_mysql MySQL)

# Makes TARGET an interface to the first existing target in the list.
function(_weir_soci_adopt target)
  foreach(candidate IN LISTS ARGN)
    if(TARGET ${candidate} AND NOT TARGET ${target})
      add_library(${target} INTERFACE IMPORTED GLOBAL)
      set_property(TARGET ${target} PROPERTY INTERFACE_LINK_LIBRARIES ${candidate})
    endif()
  endforeach()
endfunction()

if(NOT TARGET WeirSOCI::core)
  set(_weir_soci_config_names Core)
  foreach(_weir_soci_backend IN LISTS _weir_soci_backends)
    list(APPEND _weir_soci_config_names ${_weir_soci_config_name_${_weir_soci_backend}})
  endforeach()
  # Without components 4.1's configuration requires every backend's client library.
  find_package(SOCI CONFIG QUIET COMPONENTS ${_weir_soci_config_names})
  if(NOT SOCI_FOUND)
    find_package(SOCI CONFIG QUIET)
  endif()
  _weir_soci_adopt(WeirSOCI::core SOCI::Core SOCI::soci_core SOCI::soci_core_static)
endif()

if(NOT TARGET WeirSOCI::core)
  find_path(WeirSOCI_INCLUDE_DIR soci/soci.h)
  find_library(WeirSOCI_core_LIBRARY NAMES soci_core)
  if(NOT TARGET Boost::headers)
    find_package(Boost 1.81 CONFIG QUIET)
  endif()
  if(WeirSOCI_INCLUDE_DIR AND WeirSOCI_core_LIBRARY AND TARGET Boost::headers)
    add_library(WeirSOCI::core UNKNOWN IMPORTED GLOBAL)
    set_target_properties(WeirSOCI::core PROPERTIES
      IMPORTED_LOCATION "${WeirSOCI_core_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${WeirSOCI_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES "Boost::headers;${CMAKE_DL_LIBS}")
  endif()
endif()

# The client library's header directory and library of one backend, for the manually defined targets.
function(_weir_soci_client backend)
  if(backend STREQUAL "sqlite3")
    find_path(WeirSOCI_sqlite3_CLIENT_INCLUDE sqlite3.h)
    find_library(WeirSOCI_sqlite3_CLIENT NAMES sqlite3)
  elseif(backend STREQUAL "postgresql")
    find_path(WeirSOCI_postgresql_CLIENT_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql)
    find_library(WeirSOCI_postgresql_CLIENT NAMES pq)
  elseif(backend STREQUAL "mysql")
    find_path(WeirSOCI_mysql_CLIENT_INCLUDE mysql.h PATH_SUFFIXES mysql mariadb)
    find_library(WeirSOCI_mysql_CLIENT NAMES mariadb mysqlclient)
  endif()
endfunction()

function(_weir_soci_backend backend)
  find_library(WeirSOCI_${backend}_LIBRARY NAMES soci_${backend})
  _weir_soci_client(${backend})
  if(WeirSOCI_${backend}_LIBRARY AND WeirSOCI_${backend}_CLIENT AND WeirSOCI_${backend}_CLIENT_INCLUDE)
    add_library(WeirSOCI::${backend} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(WeirSOCI::${backend} PROPERTIES
      IMPORTED_LOCATION "${WeirSOCI_${backend}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${WeirSOCI_${backend}_CLIENT_INCLUDE}"
      INTERFACE_LINK_LIBRARIES "WeirSOCI::core;${WeirSOCI_${backend}_CLIENT}")
  endif()
endfunction()

foreach(_weir_soci_backend IN LISTS _weir_soci_backends)
  _weir_soci_adopt(WeirSOCI::${_weir_soci_backend} SOCI::${_weir_soci_config_name_${_weir_soci_backend}}
    SOCI::soci_${_weir_soci_backend} SOCI::soci_${_weir_soci_backend}_static)
  if(NOT TARGET WeirSOCI::${_weir_soci_backend} AND TARGET WeirSOCI::core)
    _weir_soci_backend(${_weir_soci_backend})
  endif()
  if(TARGET WeirSOCI::${_weir_soci_backend})
    set(WeirSOCI_${_weir_soci_backend}_FOUND TRUE)
  endif()
endforeach()

set(WeirSOCI_CORE_TARGET "")
if(TARGET WeirSOCI::core)
  set(WeirSOCI_CORE_TARGET WeirSOCI::core)
endif()
find_package_handle_standard_args(WeirSOCI REQUIRED_VARS WeirSOCI_CORE_TARGET HANDLE_COMPONENTS)
