// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/loop.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/resilience/window_limiter.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct window_fixture {
    manual_clock time;
    loop home{time};

    window_limiter_options options(std::size_t limit, duration window = 1s) {
        return {.limit = limit, .window = window, .time = &time};
    }
};

struct window_step {
    duration passes;
    std::size_t n;
    rate_decision expected;
};

template<class Limiter, std::size_t Size>
void follow(Limiter& limiter, manual_clock& time, const window_step (&steps)[Size]) {
    for (std::size_t i = 0; i < Size; ++i) {
        CAPTURE(i);
        time.advance(steps[i].passes);
        const rate_decision got = limiter.acquire(steps[i].n);
        CHECK(got.allowed == steps[i].expected.allowed);
        CHECK(got.limit == steps[i].expected.limit);
        CHECK(got.remaining == steps[i].expected.remaining);
        CHECK(got.retry_after == steps[i].expected.retry_after);
        CHECK(got.reset_after == steps[i].expected.reset_after);
    }
}

template<class Limiter>
std::string window_refusal(window_limiter_options options) {
    try {
        const Limiter made(std::move(options));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "accepted";
}

// The permits allowed, and when.
struct admission {
    std::int64_t at;
    std::uint64_t permits;
};

std::uint64_t permits_since(const std::deque<admission>& all, std::int64_t at) {
    std::uint64_t sum = 0;
    for (const auto& one : all) sum += one.at >= at ? one.permits : 0;
    return sum;
}

} // namespace

TEST_CASE_FIXTURE(window_fixture, "a fixed window begins with a permit, and the next one after it ends") {
    fixed_window_limiter limiter(options(3));
    const window_step steps[] = {
        {0ns, 0, {.allowed = true, .limit = 3, .remaining = 3}},
        {5s, 1, {.allowed = true, .limit = 3, .remaining = 2, .reset_after = 1s}},
        {400ms, 2, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 600ms}},
        {100ms, 1, {.limit = 3, .remaining = 0, .retry_after = 500ms, .reset_after = 500ms}},
        {0ns, 4, {.limit = 3, .remaining = 0, .retry_after = rate_decision::never, .reset_after = 500ms}},
        {499ms, 1, {.limit = 3, .remaining = 0, .retry_after = 1ms, .reset_after = 1ms}},
        {1ms, 4, {.limit = 3, .remaining = 3, .retry_after = rate_decision::never}},
        {250ms, 3, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 1s}},
        {999ms, 1, {.limit = 3, .remaining = 0, .retry_after = 1ms, .reset_after = 1ms}},
        {1h, 0, {.allowed = true, .limit = 3, .remaining = 3}},
    };
    follow(limiter, time, steps);
}

TEST_CASE_FIXTURE(window_fixture, "a fixed window allows twice its limit around its end, and no more") {
    fixed_window_limiter limiter(options(3));
    CHECK(limiter.try_acquire());
    time.advance(999ms);
    CHECK(limiter.try_acquire(2));
    time.advance(1ms);
    CHECK(limiter.try_acquire(3));
    CHECK(!limiter.try_acquire());
}

TEST_CASE_FIXTURE(window_fixture, "a sliding window weights the previous one by the part still covered") {
    sliding_window_limiter limiter(options(10));
    const window_step steps[] = {
        {5s, 10, {.allowed = true, .limit = 10, .remaining = 0, .reset_after = 2s}},
        {300ms, 1, {.limit = 10, .remaining = 0, .retry_after = 800ms, .reset_after = 1700ms}},
        {0ns, 10, {.limit = 10, .remaining = 0, .retry_after = 1700ms, .reset_after = 1700ms}},
        {0ns, 11, {.limit = 10, .remaining = 0, .retry_after = rate_decision::never, .reset_after = 1700ms}},
        {700ms, 1, {.limit = 10, .remaining = 0, .retry_after = 100ms, .reset_after = 1s}},
        {100ms, 1, {.allowed = true, .limit = 10, .remaining = 0, .reset_after = 1900ms}},
        {50ms, 1, {.limit = 10, .remaining = 0, .retry_after = 50ms, .reset_after = 1850ms}},
        {350ms, 0, {.allowed = true, .limit = 10, .remaining = 4, .reset_after = 1500ms}},
        {0ns, 5, {.limit = 10, .remaining = 4, .retry_after = 100ms, .reset_after = 1500ms}},
        {0ns, 4, {.allowed = true, .limit = 10, .remaining = 0, .reset_after = 1500ms}},
        {500ms, 5, {.allowed = true, .limit = 10, .remaining = 0, .reset_after = 2s}},
        {2s - 1ns, 0, {.allowed = true, .limit = 10, .remaining = 9, .reset_after = 1ns}},
        {1ns, 0, {.allowed = true, .limit = 10, .remaining = 10}},
    };
    follow(limiter, time, steps);
}

TEST_CASE("a sliding window returns the time to retry to the nanosecond") {
    std::mt19937 random(20261130); // NOLINT(cert-msc51-cpp,cert-msc32-c): reproducible
    auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    int refusals = 0;
    for (int sequence = 0; sequence < 200; ++sequence) {
        manual_clock time;
        const auto limit = static_cast<std::size_t>(1 + up_to(9));
        sliding_window_limiter limiter({.limit = limit, .window = duration(1 + up_to(100)), .time = &time});
        for (int step = 0; step < 50; ++step) {
            time.advance(duration(up_to(20)));
            const auto n = 1 + static_cast<std::size_t>(up_to(static_cast<int>(limit) - 1));
            const rate_decision got = limiter.acquire(n);
            if (got.allowed) continue;
            ++refusals;
            REQUIRE(got.retry_after > 0ns);
            time.advance(got.retry_after - 1ns);
            REQUIRE(!limiter.try_acquire(n));
            time.advance(1ns);
            REQUIRE(limiter.try_acquire(n));
        }
    }
    CHECK(refusals > 1000);
}

TEST_CASE("a sliding window respects its bound over any time, whenever permits are requested") {
    std::mt19937 random(20261130); // NOLINT(cert-msc51-cpp,cert-msc32-c): reproducible
    auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    for (int sequence = 0; sequence < 200; ++sequence) {
        manual_clock time;
        const std::uint64_t limit = 1 + static_cast<std::uint64_t>(up_to(12));
        const std::int64_t window = 10 + up_to(90);
        sliding_window_limiter limiter({.limit = limit, .window = duration(window), .time = &time});
        std::deque<admission> all;
        for (int step = 0; step < 200; ++step) {
            time.advance(duration(up_to(3) == 0 ? up_to(60) : 0));
            const std::int64_t now = time.now().time_since_epoch().count();
            const auto n = static_cast<std::uint64_t>(up_to(3));
            if (!limiter.try_acquire(n)) continue;
            all.push_back({now, n});
            for (const auto& since : all) {
                const auto took = static_cast<std::uint64_t>(now - since.at);
                if (took > static_cast<std::uint64_t>(window)) continue;
                REQUIRE(permits_since(all, since.at) * static_cast<std::uint64_t>(window) <=
                        limit * (static_cast<std::uint64_t>(window) + took));
            }
        }
    }
}

TEST_CASE_FIXTURE(window_fixture, "extreme windows are well-defined") {
    fixed_window_limiter closed(options(0));
    CHECK(!closed.try_acquire());
    CHECK(closed.acquire().retry_after == rate_decision::never);
    sliding_window_limiter also_closed(options(0));
    CHECK(!also_closed.try_acquire());
    CHECK(also_closed.acquire().retry_after == rate_decision::never);
    fixed_window_limiter for_ever(options(2, duration::max()));
    sliding_window_limiter for_ever_too(options(2, duration::max()));
    CHECK(for_ever.try_acquire(2));
    CHECK(for_ever_too.try_acquire(2));
    time.advance(24h * 365 * 200);
    CHECK(!for_ever.try_acquire());
    CHECK(!for_ever_too.try_acquire());
    fixed_window_limiter shortest(options(1'000'000'000'000'000'000, 1ns));
    sliding_window_limiter shortest_too(options(1'000'000'000'000'000'000, 1ns));
    CHECK(shortest.try_acquire(1'000'000'000'000'000'000));
    CHECK(shortest_too.try_acquire(1'000'000'000'000'000'000));
    CHECK(!shortest.try_acquire(std::numeric_limits<std::size_t>::max()));
    CHECK(!shortest_too.try_acquire(std::numeric_limits<std::size_t>::max()));
    time.advance(2ns);
    CHECK(shortest.try_acquire());
    CHECK(shortest_too.try_acquire());
}

TEST_CASE("invalid options of windows are refused by name") {
    CHECK(window_refusal<fixed_window_limiter>({.window = 0s}) ==
          "weir: window_limiter: window = 0 ns: accepted more than 0");
    CHECK(window_refusal<sliding_window_limiter>({.window = -1ns}) ==
          "weir: window_limiter: window = -1 ns: accepted more than 0");
    CHECK(window_refusal<fixed_window_limiter>({.limit = std::numeric_limits<std::size_t>::max()}) ==
          "weir: window_limiter: limit = 18446744073709551615: accepted at most 1e18");
    CHECK(window_refusal<fixed_window_limiter>({.time = nullptr}) ==
          "weir: window_limiter: time = nullptr: accepted a clock");
}

TEST_CASE_FIXTURE(window_fixture, "a time in the past counts as the window's start") {
    const time_point before = time.now();
    time.advance(10s);
    fixed_window_limiter fixed(options(2));
    sliding_window_limiter sliding(options(2));
    CHECK(fixed.try_acquire());
    CHECK(sliding.try_acquire());
    CHECK(fixed.try_acquire_at(before));
    CHECK(sliding.try_acquire_at(before));
    CHECK(!fixed.try_acquire_at(before));
    CHECK(!sliding.try_acquire_at(before));
    CHECK(!fixed.try_acquire());
    CHECK(!sliding.try_acquire());
}

TEST_CASE_FIXTURE(window_fixture, "the limit of a window can be changed in use") {
    fixed_window_limiter limiter(options(4));
    CHECK(limiter.try_acquire(3));
    limiter.set_limit(2);
    CHECK(limiter.acquire(0).remaining == 0);
    CHECK(!limiter.try_acquire());
    limiter.set_limit(5);
    CHECK(limiter.acquire(0).remaining == 2);
    CHECK_THROWS_AS(limiter.set_limit(std::numeric_limits<std::size_t>::max()), std::invalid_argument);
    sliding_window_limiter sliding(options(4));
    CHECK(sliding.try_acquire(3));
    sliding.set_limit(2);
    CHECK(sliding.acquire().retry_after == 1s + 666'666'667ns);
}

TEST_CASE_FIXTURE(window_fixture, "run calls within a window's limit and reports refusals") {
    int heard = 0;
    auto loud = options(1, 90s);
    loud.on_event = [&](const rate_limit_event& event) {
        heard += event.refused.retry_after == 90s ? 1 : 0;
        throw std::runtime_error("deaf");
    };
    fixed_window_limiter limiter(loud);
    const stack policy{limiter};
    CHECK(home.block_on(policy.run([] { return 7; })).value() == 7);
    const auto refused = home.block_on(policy.run([] { return 7; })).error();
    CHECK(refused == errc::resource_exhausted);
    CHECK(refused.retry_after() == 90);
    CHECK(heard == 1);
    CHECK(limiter.stats().allowed == 1);
    CHECK(limiter.stats().refused == 1);
}

TEST_CASE_FIXTURE(window_fixture, "threads together never get more than a window's limit") {
    fixed_window_limiter fixed(options(1000));
    sliding_window_limiter sliding(options(1000));
    std::atomic<std::size_t> of_fixed = 0;
    std::atomic<std::size_t> of_sliding = 0;
    auto take = [&] {
        for (int i = 0; i < 2000; ++i) {
            of_fixed += fixed.try_acquire() ? 1 : 0;
            of_sliding += sliding.try_acquire() ? 1 : 0;
        }
    };
    std::thread one(take);
    std::thread other(take);
    one.join();
    other.join();
    CHECK(of_fixed == 1000);
    CHECK(of_sliding == 1000);
    CHECK(fixed.stats().refused == 3000);
}
