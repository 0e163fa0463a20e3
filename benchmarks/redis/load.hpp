// SPDX-License-Identifier: MIT
// What the two C++ programs have in common: their arguments and their figures.
#pragma once

#include "support/arguments.hpp"
#include "support/processor.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>

namespace bench_redis {

struct load {
    std::uint16_t port = 0;
    int in_flight = 1;
    int operations = 0;
};

inline constexpr const char* value = "0123456789abcdef";

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
        const double cpu = weir::bench::cpu_nanoseconds();
        const auto begun = std::chrono::steady_clock::now();
        work(*client, all);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        std::printf("ops_per_s %.0f\ncpu_us %.4f\n", all.operations / took.count(),
                    (weir::bench::cpu_nanoseconds() - cpu) / 1e3 / all.operations);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s: %s\n", name, failure.what());
        return 2;
    }
    return 0;
}

} // namespace bench_redis
