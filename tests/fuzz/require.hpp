// SPDX-License-Identifier: MIT
#pragma once

#include <boost/assert/source_location.hpp>

#include <cstdio>
#include <cstdlib>

/// Checks an invariant of a fuzz target: the fuzzer reports the input that violates it.
inline void require(bool holds, boost::source_location at = BOOST_CURRENT_LOCATION) {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: invariant violated\n", at.file_name(), unsigned{at.line()});
    std::abort();
}
