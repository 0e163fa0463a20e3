# SPDX-License-Identifier: MIT
add_library(unofficial::brotli::brotlienc INTERFACE IMPORTED)
add_library(unofficial::brotli::brotlidec INTERFACE IMPORTED)
