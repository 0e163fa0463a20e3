// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test_support {

inline constexpr uid_t unused_user = 64534;
inline constexpr int killed = 1000;

/// Runs `body` in a process that can create at most that many threads, and returns its result, or `killed` if a signal
/// ended it. The limit counts a user's processes and threads and doesn't apply to root, so root switches to another
/// user there.
template<class F>
int without_threads(rlim_t most, F body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const uid_t user = ::getuid() == 0 ? unused_user - static_cast<uid_t>(::getpid() % 1000) : ::getuid();
        const rlimit limit{most + 1, most + 1};
        if (::setuid(user) != 0 || ::setrlimit(RLIMIT_NPROC, &limit) != 0) std::_Exit(99);
        std::_Exit(body());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : killed;
}

} // namespace test_support
