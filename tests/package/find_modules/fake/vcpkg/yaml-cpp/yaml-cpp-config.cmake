# SPDX-License-Identifier: MIT
add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED)
