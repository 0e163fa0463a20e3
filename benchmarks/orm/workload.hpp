// SPDX-License-Identifier: MIT
#pragma once

#include "support/arguments.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

// Shared by the programs of the orm benchmark. orm_weir's case `seed` creates the rows that they read; the Go programs
// have a copy in peers/go/src/workload.
namespace orm_bench {

/// One of 1,000, read by key and updated; `added` has the same columns and starts out empty.
struct user {
    std::int64_t id = 0;
    std::string openid{};
    std::string name{};
    int age = 0;
    double balance = 0;
    std::int64_t created_ms = 0;
};

/// One of 200, each with five lines.
struct order {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::int64_t total_cents = 0;
};

struct line {
    std::int64_t id = 0;
    std::int64_t order_id = 0;
    std::string product{};
    int quantity = 0;
};

struct fortune {
    std::int64_t id = 0;
    std::string message{};
};

constexpr std::int64_t users = 1000;
constexpr std::int64_t orders = 200;
constexpr std::int64_t page = 20;
constexpr std::int64_t lines_per_order = 5;
constexpr std::size_t fortunes = 12;
constexpr std::size_t batch = 1000;

inline std::int64_t user_of(std::int64_t turn) { return 1 + turn * 7 % users; }
inline std::int64_t first_order_of(std::int64_t turn) { return 1 + turn % (orders / page) * page; }

inline user new_user(std::int64_t number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 28 - digits.size(), '0');
    return {0, "o-" + digits, "name " + digits.substr(20), static_cast<int>(number % 90), 0.5, 1'700'000'000'000};
}

inline std::vector<user> new_users() {
    std::vector<user> made;
    for (std::size_t i = 0; i < batch; ++i) made.push_back(new_user(static_cast<std::int64_t>(i)));
    return made;
}

inline bool is_server(const std::string& url) { return url.find("://") != std::string::npos; }

inline void require(bool right) {
    if (!right) throw std::runtime_error("the database answered something else than it should");
}

/// The process's CPU time, of all threads, and the wall time.
struct stopwatch {
    static double cpu_us() {
        rusage used{};
        getrusage(RUSAGE_SELF, &used);
        const auto us = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
        };
        return us(used.ru_utime) + us(used.ru_stime);
    }

    double cpu_at_start = cpu_us();
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    void print(std::int64_t operations) const {
        const double cpu = cpu_us() - cpu_at_start;
        const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - started;
        const auto each = static_cast<double>(operations);
        std::printf("cpu_us %.3f\nwall_us %.3f\n", cpu / each, wall.count() / each);
    }
};

/// Runs a tenth of the operations as a warm-up, then all of them; the caller's `once` throws on a wrong result.
template<class F>
void measure(std::int64_t operations, F once) {
    for (std::int64_t i = 0; i <= operations / 10; ++i) once(i);
    const stopwatch watch;
    for (std::int64_t i = 0; i < operations; ++i) once(i);
    watch.print(operations);
}

/// A main function that measures the operation of --case on the database of --url, --operations times.
template<class F>
int run(int argc, char** argv, F body) {
    try {
        body(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
        return 0;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}

} // namespace orm_bench
