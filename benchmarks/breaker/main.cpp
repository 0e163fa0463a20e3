// SPDX-License-Identifier: MIT
// The overhead of a call through a circuit breaker.
// --server weir|clock_reads --case call|refuse|run --threads N --calls N: prints `ns` of CPU time per call.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/circuit_breaker.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

// The CPU time of `f` divided by its number of calls.
double ns_for_each(std::size_t calls, const std::function<void()>& f) {
    const double before = weir::bench::cpu_nanoseconds();
    f();
    return (weir::bench::cpu_nanoseconds() - before) / static_cast<double>(calls);
}

void on_threads(std::size_t threads, std::size_t calls, const std::function<void(std::size_t)>& loop) {
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < threads; ++i) all.emplace_back([&] { loop(calls / threads); });
    for (auto& thread : all) thread.join();
}

// Times its calls, as needed to detect slow ones.
weir::circuit_breaker_options options() {
    weir::circuit_breaker_options given;
    given.slow_call_duration = std::chrono::seconds(1);
    return given;
}

double run_acquire(std::size_t threads, std::size_t calls) {
    weir::circuit_breaker breaker(options());
    const auto loop = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) breaker.try_acquire()->succeed();
    };
    return ns_for_each(calls, [&] { on_threads(threads, calls, loop); });
}

// Calls refused by an open circuit.
double run_refusals(std::size_t threads, std::size_t calls) {
    auto given = options();
    given.open_for = std::chrono::hours(1);
    weir::circuit_breaker breaker(given);
    while (auto permit = breaker.try_acquire()) permit->fail(weir::errc::unavailable);
    const auto loop = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            if (breaker.try_acquire()) throw std::logic_error("the circuit isn't open");
    };
    return ns_for_each(calls, [&] { on_threads(threads, calls, loop); });
}

// The minimum cost of any breaker that times its calls.
double run_clock_reads(std::size_t threads, std::size_t calls) {
    const auto loop = [](std::size_t count) {
        for (std::size_t i = 0; i < 2 * count; ++i) {
            const auto now = weir::system_clock().now();
            asm volatile("" : : "r"(&now) : "memory");
        }
    };
    return ns_for_each(calls, [&] { on_threads(threads, calls, loop); });
}

// A coroutine's calls through run(f), minus the same calls without it.
double run_coroutine(std::size_t calls) {
    weir::loop home;
    weir::circuit_breaker breaker(options());
    auto call = []() -> weir::task<weir::result<int>> { co_return 7; };
    auto bare = [&]() -> weir::task<void> {
        for (std::size_t i = 0; i < calls; ++i) (void)co_await call();
    };
    auto protected_calls = [&]() -> weir::task<void> {
        for (std::size_t i = 0; i < calls; ++i) (void)co_await breaker.run(call);
    };
    const double without = ns_for_each(calls, [&] { home.block_on(bare()); });
    return ns_for_each(calls, [&] { home.block_on(protected_calls()); }) - without;
}

double measured(const weir::bench::arguments& given) {
    const auto& server = given.text("server");
    const auto& what = given.text("case");
    const auto threads = given.number<std::size_t>("threads");
    const auto calls = given.number<std::size_t>("calls");
    if (server == "weir" && what == "call") return run_acquire(threads, calls);
    if (server == "weir" && what == "refuse") return run_refusals(threads, calls);
    if (server == "weir" && what == "run") return run_coroutine(calls);
    if (server == "clock_reads" && what == "call") return run_clock_reads(threads, calls);
    throw std::invalid_argument("no such case: " + server + " " + what);
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::printf("ns %.3f\n", measured(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)})));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "breaker_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
