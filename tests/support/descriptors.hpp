// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace test_support {

/// The number of descriptors that the process has open, from /proc.
inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd"); // opens one itself
    return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
}

/// Raises this process's soft limit of open files to `count`; fails the test if the hard limit forbids it.
inline void allow_descriptors(rlim_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    REQUIRE_MESSAGE(
        limit.rlim_max >= count, "this machine's hard limit of open files forbids the test: it is " << limit.rlim_max);
    limit.rlim_cur = std::max(limit.rlim_cur, count);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/// Uses up all descriptors that the process may still open.
class no_descriptors {
public:
    no_descriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        taken_.push_back(next);
        rlimit low = before_;
        low.rlim_cur = static_cast<rlim_t>(next) + 8;
        setrlimit(RLIMIT_NOFILE, &low);
        for (int more = 0; (more = ::dup(next)) >= 0;) taken_.push_back(more);
    }
    ~no_descriptors() {
        for (const int one : taken_) ::close(one);
        setrlimit(RLIMIT_NOFILE, &before_);
    }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

private:
    rlimit before_{};
    std::vector<int> taken_;
};

} // namespace test_support
