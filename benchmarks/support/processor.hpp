// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <ctime>
#include <sched.h>
#include <vector>

namespace weir::bench {

/// Returns the CPU time of this process and all its threads, in nanoseconds.
inline double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Pins the calling thread to the nth of the usable processors, counted round. Threads that share a processor take
/// turns and never contend.
inline void pin_thread(std::size_t nth) {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof usable, &usable) != 0) return;
    std::vector<int> all;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &usable)) all.push_back(cpu);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(all[nth % all.size()], &one);
    sched_setaffinity(0, sizeof one, &one);
}

} // namespace weir::bench
