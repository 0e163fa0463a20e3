// SPDX-License-Identifier: MIT
// The cost of a permit of one limiter, requested by several threads.
// --call try|try_at|refuse|keyed --threads N --permits N: prints `ns` of CPU time per permit, and the share `allowed`.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/resilience/keyed_limiter.hpp>
#include <weir/resilience/token_bucket.hpp>

#include <atomic>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

// High enough that no permit is refused.
constexpr double enough_rate = 1e9;
constexpr std::size_t enough = 1'000'000;

std::atomic<std::size_t> allowed = 0;

// `ask(i)` returns whether the i-th permit of a thread is allowed.
template<class Ask>
void on_threads(std::size_t threads, std::size_t permits, const Ask& ask) {
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            weir::bench::pin_thread(t);
            std::size_t mine = 0;
            auto asks = ask; // a copy per thread
            for (std::size_t i = 0; i < permits / threads; ++i) mine += asks(i) ? 1 : 0;
            allowed += mine;
        });
    for (auto& thread : all) thread.join();
}

void run_try(std::size_t threads, std::size_t permits) {
    weir::token_bucket bucket({.rate = enough_rate, .burst = enough});
    on_threads(threads, permits, [&bucket](std::size_t) { return bucket.try_acquire(); });
}

void run_refuse(std::size_t threads, std::size_t permits) {
    weir::token_bucket bucket({.rate = 1e-3, .burst = 1});
    on_threads(threads, permits, [&bucket](std::size_t) { return bucket.try_acquire(); });
}

// As on a loop, with the time of the loop's turn.
void run_try_at(std::size_t threads, std::size_t permits) {
    weir::token_bucket bucket({.rate = enough_rate, .burst = enough});
    on_threads(threads, permits, [&bucket, now = weir::time_point()](std::size_t i) mutable {
        if (i % 64 == 0) now = weir::system_clock().now();
        return bucket.try_acquire_at(now);
    });
}

void run_keyed(std::size_t threads, std::size_t permits) {
    std::vector<std::string> keys;
    for (int i = 0; i < 10'000; ++i) keys.push_back("user-" + std::to_string(100'000 + i));
    weir::keyed_bucket buckets({.rate = enough_rate, .burst = enough});
    on_threads(threads, permits, [&](std::size_t i) { return buckets.try_acquire(keys[i * 7919 % keys.size()]); });
}

void run(const weir::bench::arguments& given) {
    const auto& call = given.text("call");
    const auto threads = given.number<std::size_t>("threads");
    const auto permits = given.number<std::size_t>("permits");
    const double before = weir::bench::cpu_nanoseconds();
    if (call == "try")
        run_try(threads, permits);
    else if (call == "try_at")
        run_try_at(threads, permits);
    else if (call == "refuse")
        run_refuse(threads, permits);
    else if (call == "keyed")
        run_keyed(threads, permits);
    else
        throw std::invalid_argument("no such call: " + call);
    const auto all = static_cast<double>(permits);
    std::printf("ns %.3f\nallowed %.3f\n", (weir::bench::cpu_nanoseconds() - before) / all,
                static_cast<double>(allowed) / all);
}

} // namespace

int main(int argc, char** argv) {
    try {
        run(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "limiter_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
