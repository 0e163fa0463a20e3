// SPDX-License-Identifier: MIT
#pragma once

#include <boost/assert/source_location.hpp>

#include <cstdio>
#include <cstdlib>

/// What a fuzz target says must hold: the fuzzer reports the input that breaks it.
inline void require(bool holds, boost::source_location at = BOOST_CURRENT_LOCATION) {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: what is required here doesn't hold\n", at.file_name(), unsigned{at.line()});
    std::abort();
}
