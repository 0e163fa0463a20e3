// SPDX-License-Identifier: MIT
#include <weir/core/blocking_pool.hpp>
#include <weir/observe/collectors.hpp>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace weir {

namespace {

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

double open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<double>(
        std::distance(begin(all), end(all)) - 1); // minus the descriptor that reads the directory
}

double most_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == RLIM_INFINITY
               ? std::numeric_limits<double>::infinity()
               : static_cast<double>(limit.rlim_cur);
}

// Returns a field of /proc/self/stat after the command, which may contain spaces; `number` counts from 1 as in proc(5).
double stat_field(int number) {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream rest(line.substr(line.rfind(')') + 2));
    std::string word;
    for (int at = 3; at <= number; ++at) rest >> word;
    return std::stod(word);
}

double resident_bytes() { return stat_field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)); }

double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    return std::numeric_limits<double>::quiet_NaN();
}

double start_time() { return boot_time() + stat_field(22) / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

} // namespace

void observe_process(metrics& to) {
    to.counter_from("process_cpu_seconds_total", "User and system CPU time spent, in seconds", {}, cpu_seconds);
    to.gauge_from("process_resident_memory_bytes", "Resident memory", {}, resident_bytes);
    to.gauge_from("process_open_fds", "Open file descriptors", {}, open_files);
    to.gauge_from("process_max_fds", "Maximum number of open file descriptors", {}, most_files);
    to.gauge_from("process_threads", "Threads", {}, [] { return stat_field(20); });
    to.gauge_from("process_start_time_seconds", "When the process started, in seconds since 1970", {},
                  [since = start_time()] { return since; });
}

void observe(metrics& to, const blocking_pool& pool) {
    const std::vector<metric_label> labels{{"pool", pool.name()}};
    const auto read = [&pool](auto blocking_pool_stats::*value) {
        return [&pool, value] { return static_cast<double>(pool.stats().*value); };
    };
    to.gauge_from("blocking_pool_queued", "Jobs that wait for a thread", labels, read(&blocking_pool_stats::queued));
    to.gauge_from("blocking_pool_running", "Jobs that a thread works on", labels, read(&blocking_pool_stats::running));
    to.counter_from(
        "blocking_pool_completed_total", "Jobs that have ended", labels, read(&blocking_pool_stats::completed));
    to.counter_from("blocking_pool_refused_total", "Jobs refused because the queue was full or the pool closed", labels,
                    read(&blocking_pool_stats::refused));
}

void observe(metrics& to, const logger& log) {
    const auto read = [&log](auto log_stats::*value) {
        return [log, value] { return static_cast<double>(log.stats().*value); };
    };
    to.counter_from("log_lines_total", "Log lines accepted", {}, read(&log_stats::lines));
    to.counter_from(
        "log_dropped_total", "Log lines dropped by a full queue or lost by the sink", {}, read(&log_stats::dropped));
    to.gauge_from("log_queued_bytes", "Bytes of log lines that wait for the sink", {}, read(&log_stats::queued_bytes));
}

} // namespace weir
