// SPDX-License-Identifier: MIT
// The cost of a cache's lookups, and how many of them find a value.
// --call find|get_or|miss --threads N --lookups N: prints `ns` of CPU time per lookup. --call zipf --eviction lfu|lru
// --threads 1: also prints the share of `hits` for 10 % of 100,000 keys. --call flood: as many callers of one missing
// key; also prints the `loads`.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/cache/cache.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using strings = weir::cache<std::string, std::string>;

template<class Work>
void on_threads(std::size_t threads, const Work& work) {
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t)
        all.emplace_back([&work, t] {
            weir::bench::pin_thread(t);
            work();
        });
    for (auto& thread : all) thread.join();
}

std::vector<std::string> keys_of(std::size_t many) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < many; ++i) keys.push_back("room-" + std::to_string(100'000 + i));
    return keys;
}

const std::string& key_at(const std::vector<std::string>& keys, std::size_t i) { return keys[i * 7919 % keys.size()]; }

// 1,000 of 10,000 possible entries, all found.
struct filled {
    filled() {
        for (const std::string& key : keys) rooms.put(key, "a page of some length");
    }
    strings rooms{{.size = 10'000, .ttl = std::chrono::hours(1)}};
    const std::vector<std::string> keys = keys_of(1000);
};

void run_find(std::size_t threads, std::size_t lookups) {
    filled in;
    on_threads(threads, [&] {
        for (std::size_t i = 0; i < lookups / threads; ++i)
            if (!in.rooms.find(key_at(in.keys, i))) std::abort();
    });
}

weir::task<void> ask(strings& rooms, const std::vector<std::string>& keys, std::size_t lookups, bool erase) {
    auto load = [] { return std::string("loaded"); };
    for (std::size_t i = 0; i < lookups; ++i) {
        const std::string& key = key_at(keys, i);
        if (erase) rooms.erase(key);
        const auto got = co_await rooms.lookup_or(key, load);
        if (!got) std::abort();
    }
}

void run_ask(std::size_t threads, std::size_t lookups, bool erase) {
    filled in;
    on_threads(threads, [&] {
        weir::loop home;
        home.block_on(ask(in.rooms, in.keys, lookups / threads, erase));
    });
}

std::vector<std::uint32_t> zipf_trace(std::size_t many, std::size_t length) {
    std::vector<double> below;
    double sum = 0;
    for (std::size_t i = 1; i <= many; ++i) below.push_back(sum += 1 / std::pow(static_cast<double>(i), 0.9));
    std::mt19937_64 source(1);
    std::uniform_real_distribution<> drawn(0, sum);
    std::vector<std::uint32_t> trace(length);
    for (auto& one : trace)
        one = static_cast<std::uint32_t>(std::ranges::lower_bound(below, drawn(source)) - below.begin());
    return trace;
}

double run_zipf(std::size_t lookups, const std::string& eviction) {
    const auto keys = keys_of(100'000);
    const auto trace = zipf_trace(keys.size(), lookups);
    weir::cache_options options{.size = keys.size() / 10, .ttl = std::chrono::hours(1)};
    if (eviction == "lru") options.eviction = weir::cache_eviction::lru;
    strings rooms(options);
    std::size_t hits = 0;
    const double before = weir::bench::cpu_nanoseconds();
    for (const std::uint32_t at : trace) {
        if (rooms.find(keys[at]))
            ++hits;
        else
            rooms.put(keys[at], "a page of some length");
    }
    const auto all = static_cast<double>(lookups);
    std::printf("hits %.4f\n", static_cast<double>(hits) / all);
    return (weir::bench::cpu_nanoseconds() - before) / all;
}

weir::task<void> ask_once(strings& rooms, std::size_t& loads) {
    auto load = [&loads]() -> weir::task<weir::result<std::string>> {
        ++loads;
        for (int turn = 0; turn < 2; ++turn) co_await boost::asio::post(co_await weir::this_task, weir::use_task);
        co_return "loaded";
    };
    const auto got = co_await rooms.lookup_or("room", load);
    if (!got) std::abort();
}

void run_flood(std::size_t lookups) {
    strings rooms({.size = 10});
    std::size_t loads = 0;
    weir::loop home;
    for (std::size_t i = 0; i < lookups; ++i) home.spawn(ask_once(rooms, loads));
    while (home.poll() > 0) {
    }
    std::printf("loads %zu\n", loads);
}

double run(const weir::bench::arguments& given) {
    const auto& call = given.text("call");
    const auto threads = given.number<std::size_t>("threads");
    const auto lookups = given.number<std::size_t>("lookups");
    if (call == "zipf") return run_zipf(lookups, given.text("eviction"));
    const double before = weir::bench::cpu_nanoseconds();
    if (call == "find")
        run_find(threads, lookups);
    else if (call == "get_or" || call == "miss")
        run_ask(threads, lookups, call == "miss");
    else if (call == "flood")
        run_flood(lookups);
    else
        throw std::invalid_argument("no such call: " + call);
    return (weir::bench::cpu_nanoseconds() - before) / static_cast<double>(lookups);
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::printf("ns %.3f\n", run(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)})));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "cache_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
