# SPDX-License-Identifier: MIT
add_library(hiredis::hiredis INTERFACE IMPORTED)
