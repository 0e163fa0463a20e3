// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/key_digest.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/keyed_limiter.hpp>
#include <weir/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct keyed_fixture {
    manual_clock time;
    loop home{time};

    keyed_bucket_options options(double rate, std::size_t burst, std::size_t max_keys = 1000) {
        return {.rate = rate, .burst = burst, .max_keys = max_keys, .time = &time};
    }
};

template<class Limiter>
std::string keyed_refusal(typename Limiter::options with) {
    try {
        const Limiter made(std::move(with));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "accepted";
}

std::string numbered(const char* name, int number) { return name + std::to_string(number); }

template<class Limiter>
std::size_t drain(Limiter& all, std::string_view key) {
    std::size_t taken = 0;
    while (taken < 1000 && all.try_acquire(key)) ++taken;
    return taken;
}

} // namespace

TEST_CASE_FIXTURE(keyed_fixture, "each key has its own bucket") {
    keyed_bucket all(options(10, 2));
    CHECK(drain(all, "ann") == 2);
    CHECK(drain(all, "bob") == 2);
    CHECK(drain(all, "") == 2);
    CHECK(drain(all, std::string_view()) == 0); // the same key
    CHECK(drain(all, std::string(100'000, 'x')) == 2);
    CHECK(drain(all, std::string(100'000, 'x')) == 0);
    time.advance(100ms);
    const rate_decision got = all.acquire("ann");
    CHECK(got.allowed);
    CHECK(got.limit == 2);
    CHECK(got.remaining == 0);
    CHECK(got.reset_after == 200ms);
    const rate_decision refused = all.acquire("ann");
    CHECK(refused.retry_after == 100ms);
    CHECK(all.stats().keys == 4);
    CHECK(all.stats().allowed == 9);
    CHECK(all.stats().refused == 7);
    CHECK(all.stats().evicted == 0);
}

TEST_CASE_FIXTURE(keyed_fixture, "checking a key, or asking for too much, doesn't store it") {
    keyed_bucket all(options(10, 2));
    CHECK(all.acquire("ann", 0).remaining == 2);
    CHECK(!all.try_acquire("ann", 3));
    CHECK(all.stats().keys == 0);
    CHECK(all.try_acquire("ann"));
    CHECK(all.stats().keys == 1);
    keyed_bucket closed(options(0, 2));
    CHECK(!closed.try_acquire("ann"));
    CHECK(closed.stats().keys == 0);
    keyed_bucket open(options(std::numeric_limits<double>::infinity(), 0));
    CHECK(drain(open, "ann") == 1000);
    CHECK(open.stats().keys == 0);
}

TEST_CASE_FIXTURE(keyed_fixture, "a key whose bucket has been full for idle_time is dropped") {
    auto with = options(10, 2);
    with.idle_time = 10s;
    keyed_bucket all(with);
    for (int i = 0; i < 5; ++i) CHECK(all.try_acquire(numbered("user", i)));
    time.advance(100ms + 10s - 1ns);
    CHECK(all.try_acquire("other"));
    CHECK(all.stats().keys == 6);
    time.advance(1ns);
    CHECK(all.try_acquire("other")); // also drops a few idle keys
    CHECK(all.stats().keys < 6);
    all.trim();
    CHECK(all.stats().keys == 1);
    CHECK(all.stats().evicted == 0);
    with.idle_time = duration::max();
    keyed_bucket never(with);
    CHECK(never.try_acquire("ann"));
    time.advance(24h * 365 * 100);
    never.trim();
    CHECK(never.stats().keys == 1);
}

TEST_CASE_FIXTURE(keyed_fixture, "a key in regular use stays") {
    auto with = options(10, 2);
    with.idle_time = 1s;
    keyed_bucket all(with);
    for (int i = 0; i < 100; ++i) {
        time.advance(900ms);
        CHECK(all.try_acquire("steady"));
        CHECK(all.try_acquire(numbered("passing", i)));
        CHECK(all.stats().keys <= 6);
    }
}

TEST_CASE_FIXTURE(keyed_fixture,
                  "the number of keys stays below max_keys, and a key with a full bucket is evicted first") {
    keyed_bucket all(options(1, 10, 3));
    CHECK(all.try_acquire("full", 1));
    time.advance(1s);
    CHECK(all.try_acquire("half", 5));
    CHECK(all.try_acquire("empty", 10));
    CHECK(all.try_acquire("new", 2));
    CHECK(all.stats().keys == 3);
    CHECK(all.stats().evicted == 0);
    CHECK(all.acquire("half", 0).remaining == 5);
    CHECK(all.acquire("empty", 0).remaining == 0);
    CHECK(all.acquire("new", 0).remaining == 8);
}

TEST_CASE_FIXTURE(keyed_fixture, "a flood of new keys displaces its own and leaves limited keys alone") {
    keyed_bucket all(options(1, 10, 100));
    for (int i = 0; i < 50; ++i) CHECK(drain(all, numbered("limited", i)) == 10);
    for (int i = 0; i < 10'000; ++i) {
        if (i % 100 == 0) time.advance(80ms); // 8 s in all, in which no limited key's bucket gets full
        CHECK(all.try_acquire(numbered("fresh", i)));
    }
    CHECK(all.stats().keys == 100);
    CHECK(all.stats().evicted > 1000);
    for (int i = 0; i < 50; ++i) CHECK(all.acquire(numbered("limited", i), 0).remaining == 8);
}

TEST_CASE_FIXTURE(keyed_fixture, "if all keys are equally limited, the oldest is evicted") {
    keyed_bucket all(options(1, 2, 2));
    CHECK(drain(all, "first") == 2);
    time.advance(1ms);
    CHECK(drain(all, "second") == 2);
    time.advance(1ms);
    CHECK(all.try_acquire("third", 2));
    CHECK(all.stats().keys == 2);
    CHECK(all.stats().evicted == 1);
    CHECK(!all.try_acquire("second"));
    CHECK(!all.try_acquire("third"));
    CHECK(drain(all, "first") == 2); // starts over
}

TEST_CASE_FIXTURE(keyed_fixture, "a key forgotten on request starts over") {
    keyed_bucket all(options(1, 2, 2));
    CHECK(drain(all, "ann") == 2);
    CHECK(drain(all, "bob") == 2);
    all.forget("ann");
    all.forget("unknown");
    CHECK(drain(all, "ann") == 2);
    CHECK(!all.try_acquire("bob"));
    all.forget("bob");
    CHECK(drain(all, "cid") == 2); // replaces bob
    CHECK(!all.try_acquire("ann"));
    CHECK(all.stats().evicted == 0);
}

TEST_CASE_FIXTURE(keyed_fixture, "while there is room, keys are limited like separate buckets") {
    std::mt19937 random(20261130); // NOLINT(cert-msc51-cpp,cert-msc32-c): reproducible
    auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    auto with = options(10, 4, 10'000);
    with.idle_time = 200ms;
    keyed_bucket all(with);
    std::map<std::string, std::unique_ptr<token_bucket>> each;
    for (int step = 0; step < 20'000; ++step) {
        time.advance(std::chrono::milliseconds(up_to(20)));
        const std::string key = numbered("user", up_to(200));
        auto& own = each[key];
        if (!own) own = std::make_unique<token_bucket>(token_bucket_options{.rate = 10, .burst = 4, .time = &time});
        const auto n = static_cast<std::size_t>(up_to(3));
        REQUIRE(all.acquire(key, n) == own->acquire(n));
    }
    CHECK(all.stats().keys < 200);
    CHECK(all.stats().evicted == 0);
}

TEST_CASE_FIXTURE(keyed_fixture, "keys with fixed and sliding windows are limited alike") {
    keyed_fixed_window fixed({.limit = 3, .window = 1s, .max_keys = 2, .time = &time});
    keyed_sliding_window sliding({.limit = 3, .window = 1s, .max_keys = 2, .time = &time});
    CHECK(drain(fixed, "ann") == 3);
    CHECK(drain(sliding, "ann") == 3);
    CHECK(fixed.try_acquire("bob"));
    CHECK(sliding.try_acquire("bob"));
    CHECK(fixed.try_acquire("cid")); // replaces bob
    CHECK(sliding.try_acquire("cid"));
    CHECK(!fixed.try_acquire("ann"));
    CHECK(!sliding.try_acquire("ann"));
    time.advance(1s);
    CHECK(drain(fixed, "ann") == 3);
    CHECK(drain(sliding, "ann") == 0);
    time.advance(500ms);
    CHECK(drain(sliding, "ann") == 1);
    time.advance(1h);
    fixed.trim();
    sliding.trim();
    CHECK(fixed.stats().keys == 0);
    CHECK(sliding.stats().keys == 0);
}

TEST_CASE("invalid options of keyed limiters are refused by name") {
    CHECK(keyed_refusal<keyed_bucket>({.rate = -1}) ==
          "weir: keyed_limiter: rate = -1: accepted 0 or more, infinity() for no limit");
    CHECK(keyed_refusal<keyed_bucket>({.max_keys = 0}) == "weir: keyed_limiter: max_keys = 0: accepted 1 or more");
    CHECK(keyed_refusal<keyed_bucket>({.idle_time = -1ns}) ==
          "weir: keyed_limiter: idle_time = -1 ns: accepted 0 or more");
    CHECK(keyed_refusal<keyed_bucket>({.time = nullptr}) == "weir: keyed_limiter: time = nullptr: accepted a clock");
    CHECK(keyed_refusal<keyed_fixed_window>({.window = 0s}) ==
          "weir: keyed_limiter: window = 0 ns: accepted more than 0");
    CHECK(keyed_refusal<keyed_sliding_window>({.limit = 1'000'000'000'000'000'001}) ==
          "weir: keyed_limiter: limit = 1000000000000000001: accepted at most 1e18");
    CHECK(keyed_refusal<keyed_bucket>({.max_keys = std::numeric_limits<std::size_t>::max()}) == "accepted");
}

TEST_CASE_FIXTURE(keyed_fixture, "run calls within its key's rate") {
    keyed_bucket all(options(0.1, 1));
    CHECK(home.block_on(all.run("ann", [] { return 7; })).value() == 7);
    const auto refused = home.block_on(all.run("ann", [] { return 7; })).error();
    CHECK(refused == errc::resource_exhausted);
    CHECK(refused.retry_after() == 10);
    CHECK(home.block_on(all.run("bob", [] { return 7; })).value() == 7);
}

TEST_CASE_FIXTURE(keyed_fixture, "an observer of refusals gets the key, may use the limiter and may throw") {
    std::vector<std::string> heard;
    keyed_bucket* self = nullptr;
    auto loud = options(10, 1);
    loud.on_event = [&](const rate_limit_event& event) {
        heard.emplace_back(event.key);
        if (heard.size() == 1) CHECK(!self->try_acquire("ann"));
        throw std::runtime_error("deaf");
    };
    keyed_bucket all(loud);
    self = &all;
    CHECK(all.try_acquire("ann"));
    CHECK(!all.try_acquire("ann"));
    CHECK(heard == std::vector<std::string>{"ann", "ann"});
}

TEST_CASE_FIXTURE(keyed_fixture, "a large limiter spreads its keys and respects max_keys in total") {
    keyed_bucket all(options(1, 1, 20'000));
    for (int i = 0; i < 40'000; ++i) CHECK(all.try_acquire(numbered("user", i)));
    const auto stats = all.stats();
    CHECK(stats.keys <= 20'000);
    CHECK(stats.keys > 19'900);
    CHECK(stats.evicted == 40'000 - stats.keys);
}

TEST_CASE_FIXTURE(keyed_fixture, "threads together never get more of a key than its rate and burst") {
    keyed_bucket all(options(1000, 20));
    std::array<std::atomic<std::size_t>, 4> taken{};
    std::atomic<int> running = 2;
    auto take = [&] {
        for (std::size_t i = 0; i < 20'000; ++i)
            if (all.try_acquire(numbered("user", static_cast<int>(i % 4)))) ++taken[i % 4];
        --running;
    };
    std::thread one(take);
    std::thread other(take);
    duration passed{};
    while (running > 0) {
        time.advance(1us);
        passed += 1us;
    }
    one.join();
    other.join();
    for (const auto& each : taken) {
        CHECK(each.load() >= 20);
        CHECK(each.load() <= 20 + static_cast<std::size_t>(passed / 1ms));
    }
}

TEST_CASE_FIXTURE(keyed_fixture, "threads may use, displace, forget and count keys concurrently") {
    keyed_bucket all(options(1000, 20, 64));
    std::atomic<int> running = 2;
    auto use = [&] {
        for (int i = 0; i < 5000; ++i) {
            all.try_acquire(numbered("user", i % 4));
            all.try_acquire(numbered("fresh", i % 1000));
            if (i % 100 == 0) all.forget("user1");
        }
        --running;
    };
    std::thread one(use);
    std::thread other(use);
    while (running > 0) {
        time.advance(10ms);
        all.trim();
        CHECK(all.stats().keys <= 64);
    }
    one.join();
    other.join();
    CHECK(all.stats().allowed + all.stats().refused == 20'000);
}

TEST_CASE("digests are those of 128-bit SipHash") {
    std::string input;
    const resilience::detail::siphash<2, 4> hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
    const auto none = hash(input);
    CHECK(none.low == 0xe6a825ba047f81a3);
    CHECK(none.high == 0x930255c71472f66d);
    const auto one = hash(std::string(1, '\0'));
    CHECK(one.low == 0x44af996bd8c187da);
    CHECK(one.high == 0x45fc229b11597634);
}

TEST_CASE("digests depend on every byte and the length of the key, and on the hash key") {
    const resilience::detail::siphash<> hash(1, 2);
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    std::size_t count = 0;
    auto add = [&](const resilience::detail::key_digest& one) {
        seen.emplace(one.low, one.high);
        ++count;
    };
    for (std::size_t size = 0; size < 40; ++size) {
        std::string key(size, 'a');
        add(hash(key));
        for (char& letter : key) {
            letter = 'b';
            add(hash(key));
            letter = 'a';
        }
    }
    add(resilience::detail::siphash<>(1, 3)("a"));
    add(resilience::detail::siphash<>(2, 2)("a"));
    CHECK(seen.size() == count);
}
