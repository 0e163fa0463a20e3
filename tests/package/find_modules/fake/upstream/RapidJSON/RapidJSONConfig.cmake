# SPDX-License-Identifier: MIT
add_library(RapidJSON INTERFACE IMPORTED)
