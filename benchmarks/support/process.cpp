// SPDX-License-Identifier: MIT
#include "support/process.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::bench {

namespace {

/// The sum of the named lines of /proc/PID/smaps_rollup.
std::size_t kib_of_rollup(int pid, std::initializer_list<std::string_view> names) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::size_t sum = 0;
    std::size_t found = 0;
    for (std::string word; file >> word;) {
        std::size_t kib = 0;
        if (std::ranges::find(names, word) == names.end() || !(file >> kib)) continue;
        sum += kib;
        ++found;
    }
    if (found != names.size()) throw std::runtime_error("no smaps_rollup of process " + std::to_string(pid));
    return sum;
}

} // namespace

std::chrono::nanoseconds cpu_time(int pid) {
    const auto tasks = "/proc/" + std::to_string(pid) + "/task";
    std::error_code failure;
    std::int64_t total = 0;
    bool any = false;
    for (const auto& task : std::filesystem::directory_iterator(tasks, failure)) {
        std::ifstream file(task.path() / "schedstat");
        std::int64_t on_cpu = 0;
        if (!(file >> on_cpu)) continue; // the thread has ended
        total += on_cpu;
        any = true;
    }
    if (!any) throw std::runtime_error("no schedstat of process " + std::to_string(pid));
    return std::chrono::nanoseconds(total);
}

std::size_t resident_kib(int pid) { return kib_of_rollup(pid, {"Rss:"}); }

std::size_t private_memory(int pid) { return kib_of_rollup(pid, {"Private_Clean:", "Private_Dirty:"}) * 1024; }

} // namespace weir::bench
