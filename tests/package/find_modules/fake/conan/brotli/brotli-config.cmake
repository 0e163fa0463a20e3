# SPDX-License-Identifier: MIT
add_library(brotli::brotlicommon INTERFACE IMPORTED)
add_library(brotli::brotlidec INTERFACE IMPORTED)
add_library(brotli::brotlienc INTERFACE IMPORTED)
