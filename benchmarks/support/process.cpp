// SPDX-License-Identifier: MIT
#include "support/process.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>

namespace weir::bench {

std::chrono::nanoseconds cpu_time(int pid) {
    const auto tasks = "/proc/" + std::to_string(pid) + "/task";
    std::error_code failure;
    std::int64_t total = 0;
    bool any = false;
    for (const auto& task : std::filesystem::directory_iterator(tasks, failure)) {
        std::ifstream file(task.path() / "schedstat");
        std::int64_t on_cpu = 0;
        if (!(file >> on_cpu)) continue; // the thread ended meanwhile
        total += on_cpu;
        any = true;
    }
    if (!any) throw std::runtime_error("no schedstat of process " + std::to_string(pid));
    return std::chrono::nanoseconds(total);
}

std::size_t resident_kib(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string word; file >> word;) {
        std::size_t kib = 0;
        if (word == "Rss:" && file >> kib) return kib;
    }
    throw std::runtime_error("no smaps_rollup of process " + std::to_string(pid));
}

} // namespace weir::bench
