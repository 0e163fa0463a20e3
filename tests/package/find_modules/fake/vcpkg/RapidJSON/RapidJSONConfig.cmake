# SPDX-License-Identifier: MIT
add_library(rapidjson INTERFACE IMPORTED)
