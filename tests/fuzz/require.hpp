// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>

/// What a fuzz target says must hold: the fuzzer reports the input that breaks it.
inline void require(bool holds) {
    if (!holds) std::abort();
}
