// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sys/resource.h>

namespace test_support {

/// Raises this process's soft limit of open files to `count`, and fails the test where the hard limit forbids it.
inline void allow_descriptors(rlim_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    REQUIRE_MESSAGE(limit.rlim_max >= count,
                    "this machine's hard limit of open files forbids the test: it is " << limit.rlim_max);
    limit.rlim_cur = std::max(limit.rlim_cur, count);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/// How many descriptors this process has open.
inline std::ptrdiff_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all)) - 1; // without the one of the listing
}

} // namespace test_support
