// SPDX-License-Identifier: MIT
// What the two C++ programs have in common: their arguments and their figures.
#pragma once

#include "support/arguments.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>

namespace bench_redis {

struct load {
    std::uint16_t port = 0;
    int in_flight = 1;
    int operations = 0;
};

inline constexpr const char* value = "0123456789abcdef";

inline double cpu_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Runs `warm_up()` and `work(load)`, and prints the figures of the latter.
template<class WarmUp, class Work>
int main_of(const char* name, int argc, char** argv, WarmUp warm_up, Work work) {
    try {
        const weir::bench::arguments given({argv + 1, static_cast<std::size_t>(argc - 1)});
        load all;
        all.port = given.number<std::uint16_t>("port");
        all.in_flight = given.number<int>("in-flight");
        all.operations = given.number<int>("operations");
        auto client = warm_up(all);
        const double cpu = cpu_microseconds();
        const auto begun = std::chrono::steady_clock::now();
        work(*client, all);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        std::printf("ops_per_s %.0f\ncpu_us %.4f\n", all.operations / took.count(),
                    (cpu_microseconds() - cpu) / all.operations);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s: %s\n", name, failure.what());
        return 2;
    }
    return 0;
}

} // namespace bench_redis
