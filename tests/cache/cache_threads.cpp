// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/cache/cache.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

void on_threads(unsigned many, const std::function<void(unsigned)>& work) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < many; ++i) threads.emplace_back(work, i);
    for (auto& one : threads) one.join();
}

task<void> count_answers(cache<std::string, int>& from, std::function<task<result<int>>()> f, std::atomic<int>& good) {
    auto got = co_await from.get_or("one", f);
    if (got || got.error() == errc::unavailable) ++good;
}

} // namespace

TEST_CASE("misses on several loops are one load, also when it fails") {
    for (const bool fails : {false, true}) {
        cache<std::string, int> numbers({.error_ttl = 1h});
        std::atomic<int> loads = 0;
        std::atomic<int> good = 0;
        std::latch all_asked(2);
        on_threads(2, [&](unsigned) {
            loop home;
            auto f = [&]() -> task<result<int>> {
                ++loads;
                while (!all_asked.try_wait()) co_await boost::asio::post(co_await this_task, use_task);
                if (fails) co_return errc::unavailable;
                co_return 7;
            };
            for (int i = 0; i < 500; ++i) home.spawn(count_answers(numbers, f, good));
            home.post([&] { all_asked.count_down(); }); // runs after all have asked
            while (good < 1000) {
                home.io().poll_one();
                std::this_thread::yield();
            }
        });
        CHECK(loads == 1);
        CHECK(numbers.stats().loads == 1);
    }
}

TEST_CASE("several threads find, load, put and erase") {
    cache<std::string, std::string> texts({.size = 50, .bytes = 40'000, .ttl = 200us, .stale_while_revalidate = 200us});
    std::atomic<int> wrong = 0;
    on_threads(4, [&](unsigned seed) {
        loop home;
        for (int i = 0; i < 3000; ++i) {
            seed = seed * 1'664'525 + 1'013'904'223;
            const std::string key = std::to_string((seed >> 16) % 97);
            auto f = [&]() -> task<result<std::string>> {
                co_await boost::asio::post(co_await this_task, use_task);
                co_return key;
            };
            switch ((seed >> 8) % 8) {
            case 0:
                texts.put(key, key);
                break;
            case 1:
                texts.erase(key);
                break;
            case 2:
                if (i % 500 == 0) texts.clear();
                break;
            case 3:
                if (const auto found = texts.find(key); found && *found != key) ++wrong;
                break;
            default:
                if (home.block_on(texts.get_or(key, f)).value() != key) ++wrong;
            }
            const cache_stats seen = texts.stats();
            if (seen.entries > 50 || seen.bytes > 40'000) ++wrong;
        }
    });
    CHECK(wrong == 0);
}

TEST_CASE("loops that end in the middle of loads leave the keys to others") {
    cache<std::string, int> numbers({.error_ttl = 0s});
    std::atomic<int> good = 0;
    on_threads(4, [&](unsigned seed) {
        for (int i = 0; i < 300; ++i) {
            auto f = []() -> task<result<int>> {
                for (int turn = 0; turn < 3; ++turn) co_await boost::asio::post(co_await this_task, use_task);
                co_return 7;
            };
            loop home;
            seed = seed * 1'664'525 + 1'013'904'223;
            if ((seed >> 16) % 2 == 0) {
                std::atomic<int> none = 0;
                home.spawn(count_answers(numbers, f, none));
                home.run_one();
                numbers.erase("one");
                continue; // the loop ends with its load
            }
            if (home.block_on(numbers.get_or("one", f)).value() == 7) ++good;
            numbers.erase("one");
        }
    });
    CHECK(good > 400);
}
