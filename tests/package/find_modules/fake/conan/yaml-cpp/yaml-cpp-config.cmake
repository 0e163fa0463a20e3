# SPDX-License-Identifier: MIT
add_library(yaml-cpp INTERFACE IMPORTED)
