// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

namespace weir::bench {

/// The CPU time used by all threads of a process, from /proc/PID/task/*/schedstat (ns, user and kernel). Throws
/// std::runtime_error if the process or its schedstat is missing.
std::chrono::nanoseconds cpu_time(int pid);

/// The process's resident memory in KiB, from /proc/PID/smaps_rollup (exact, unlike /proc/PID/status).
std::size_t resident_kib(int pid);

/// The process's private memory in bytes: the private pages of /proc/PID/smaps_rollup, which excludes shared libraries.
/// Throws std::runtime_error.
std::size_t private_memory(int pid);

} // namespace weir::bench
