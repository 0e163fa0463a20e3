// SPDX-License-Identifier: MIT
// labels: concurrency
#include "support/cancelled_early.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();

struct bucket_fixture {
    manual_clock time;
    loop home{time};

    token_bucket_options options(double rate, std::size_t burst, duration per = 1s) {
        return {.rate = rate, .per = per, .burst = burst, .time = &time};
    }
};

std::string refused_option(token_bucket_options options) {
    try {
        const token_bucket made(std::move(options));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "accepted";
}

// A textbook token bucket in integers: `tokens` are in units of which a permit costs `interval`, and each nanosecond
// yields one.
struct naive_bucket {
    std::int64_t interval;
    std::int64_t burst;
    std::int64_t tokens = interval * burst;

    void pass(std::int64_t ns) { tokens = std::min(tokens + ns, interval * burst); }
    bool take(std::int64_t n) {
        if (tokens < n * interval) return false;
        tokens -= n * interval;
        return true;
    }
};

// Takes permits until one is refused.
std::size_t take_all(token_bucket& bucket) {
    std::size_t taken = 0;
    while (taken < 1000 && bucket.try_acquire()) ++taken;
    return taken;
}

} // namespace

TEST_CASE_FIXTURE(bucket_fixture, "a bucket allows its burst at once, then the rate") {
    token_bucket bucket(options(10, 3));
    CHECK(take_all(bucket) == 3);
    time.advance(100ms - 1ns);
    CHECK(!bucket.try_acquire());
    time.advance(1ns);
    CHECK(take_all(bucket) == 1);
    time.advance(250ms);
    CHECK(take_all(bucket) == 2);
    time.advance(50ms);
    CHECK(take_all(bucket) == 1);
    time.advance(1h);
    CHECK(take_all(bucket) == 3);
}

TEST_CASE_FIXTURE(bucket_fixture, "a decision has the remaining permits and the times to retry and to be full") {
    token_bucket bucket(options(10, 3));
    struct step {
        duration passes;
        std::size_t n;
        rate_decision expected;
    };
    const step steps[] = {
        {0ns, 0, {.allowed = true, .limit = 3, .remaining = 3}},
        {0ns, 1, {.allowed = true, .limit = 3, .remaining = 2, .reset_after = 100ms}},
        {0ns, 2, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 300ms}},
        {0ns, 1, {.limit = 3, .remaining = 0, .retry_after = 100ms, .reset_after = 300ms}},
        {0ns, 3, {.limit = 3, .remaining = 0, .retry_after = 300ms, .reset_after = 300ms}},
        {0ns, 0, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 300ms}},
        {99ms, 1, {.limit = 3, .remaining = 0, .retry_after = 1ms, .reset_after = 201ms}},
        {1ms, 2, {.limit = 3, .remaining = 1, .retry_after = 100ms, .reset_after = 200ms}},
        {0ns, 1, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 300ms}},
        {0ns, 4, {.limit = 3, .remaining = 0, .retry_after = rate_decision::never, .reset_after = 300ms}},
        {0ns, huge, {.limit = 3, .remaining = 0, .retry_after = rate_decision::never, .reset_after = 300ms}},
        {1h, 3, {.allowed = true, .limit = 3, .remaining = 0, .reset_after = 300ms}},
    };
    for (std::size_t i = 0; i < std::size(steps); ++i) {
        CAPTURE(i);
        time.advance(steps[i].passes);
        const rate_decision got = bucket.acquire(steps[i].n);
        CHECK(got.allowed == steps[i].expected.allowed);
        CHECK(got.limit == steps[i].expected.limit);
        CHECK(got.remaining == steps[i].expected.remaining);
        CHECK(got.retry_after == steps[i].expected.retry_after);
        CHECK(got.reset_after == steps[i].expected.reset_after);
    }
}

TEST_CASE_FIXTURE(bucket_fixture, "extreme rates are well-defined") {
    struct extreme {
        double rate;
        std::size_t burst;
        duration per;
        std::size_t at_once;      // of 1000
        std::size_t after_a_year; // after the initial ones
    };
    const extreme all[] = {
        {0, 5, 1s, 0, 0},
        {-0.0, 5, 1s, 0, 0},
        {infinity, 0, 1s, 1000, 1000},
        {infinity, 5, duration::max(), 1000, 1000},
        {5, 0, 1s, 0, 0},
        {1e9, 7, 1s, 7, 7},
        {1, 7, 1ns, 7, 7},
        {0.5, 2, 1s, 2, 2},
        {1e-7, 1, 1s, 1, 1},
        {1e-8, 1, 1s, 1, 0},
        {0.001, 999, 1min, 999, 527},
        {std::numeric_limits<double>::denorm_min(), 0, 1s, 0, 0},
    };
    for (const auto& one : all) {
        CAPTURE(one.rate);
        CAPTURE(one.burst);
        token_bucket bucket(options(one.rate, one.burst, one.per));
        CHECK(take_all(bucket) == one.at_once);
        time.advance(24h * 366);
        CHECK(take_all(bucket) == one.after_a_year);
        CHECK(bucket.try_acquire(0));
    }
}

TEST_CASE_FIXTURE(bucket_fixture, "an unlimited bucket allows any number and says so") {
    token_bucket bucket(options(infinity, 0));
    const rate_decision got = bucket.acquire(huge);
    CHECK(got.allowed);
    CHECK(got.limit == rate_decision::no_limit);
    CHECK(got.remaining == rate_decision::no_limit);
    CHECK(got.reset_after == 0ns);
    CHECK(bucket.reserve(huge)->delay() == 0ns);
}

TEST_CASE("invalid options are refused by name") {
    struct wrong {
        token_bucket_options options;
        std::string said;
    };
    const wrong all[] = {
        {{.rate = -1}, "weir: token_bucket: rate = -1: accepted 0 or more, infinity() for no limit"},
        {{.rate = std::nan("")}, "weir: token_bucket: rate = nan: accepted 0 or more, infinity() for no limit"},
        {{.rate = 1.1e9}, "weir: token_bucket: rate = 1100000000: accepted at most one permit for each nanosecond"},
        {{.per = 0s}, "weir: token_bucket: per = 0 ns: accepted more than 0"},
        {{.per = -1ns}, "weir: token_bucket: per = -1 ns: accepted more than 0"},
        {{.rate = 1, .burst = huge},
         "weir: token_bucket: burst = 18446744073709551615: accepted as many as the rate yields in 100 years"},
        {{.rate = 1, .per = duration::max()},
         "weir: token_bucket: burst = 1: accepted as many as the rate yields in 100 years"},
        {{.rate = std::numeric_limits<double>::denorm_min()},
         "weir: token_bucket: burst = 1: accepted as many as the rate yields in 100 years"},
        {{.max_wait = -1ns}, "weir: token_bucket: max_wait = -1 ns: accepted 0 or more"},
        {{.time = nullptr}, "weir: token_bucket: time = nullptr: accepted a clock"},
    };
    for (const auto& one : all) CHECK(refused_option(one.options) == one.said);
    CHECK(refused_option({.rate = 1e9, .burst = std::size_t{1} << 61}) == "accepted");
}

TEST_CASE("a bucket decides like one that counts tokens one by one") {
    std::mt19937 random(20261130); // NOLINT(cert-msc51-cpp,cert-msc32-c): reproducible
    auto up_to = [&](std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random); };
    for (int sequence = 0; sequence < 300; ++sequence) {
        manual_clock time;
        const std::int64_t interval = 1 + up_to(20);
        const std::int64_t burst = 1 + up_to(10);
        CAPTURE(interval);
        CAPTURE(burst);
        naive_bucket model{interval, burst};
        token_bucket bucket(
            {.rate = 1, .per = duration(interval), .burst = static_cast<std::size_t>(burst), .time = &time});
        for (int step = 0; step < 200; ++step) {
            const std::int64_t passed = up_to(1) == 0 ? 0 : up_to(3 * interval);
            time.advance(duration(passed));
            model.pass(passed);
            const std::int64_t n = up_to(burst + 1);
            const std::int64_t missing = n * interval - model.tokens;
            const bool allowed = n <= burst && model.take(n);
            const rate_decision got = bucket.acquire(static_cast<std::size_t>(n));
            REQUIRE(got.allowed == allowed);
            REQUIRE(got.remaining == static_cast<std::uint64_t>(model.tokens / interval));
            REQUIRE(got.reset_after == duration(burst * interval - model.tokens));
            if (!allowed && n <= burst) REQUIRE(got.retry_after == duration(missing));
        }
    }
}

TEST_CASE_FIXTURE(bucket_fixture,
                  "a rate that isn't a whole number of nanoseconds is never exceeded, and nearly reached") {
    for (const double rate : {3.0, 7.7, 1e3 / 3, 12345.678}) {
        CAPTURE(rate);
        token_bucket bucket(options(rate, 4));
        std::size_t taken = take_all(bucket);
        const std::size_t at_first = taken;
        const duration step(static_cast<duration::rep>(1e9 / rate / 3));
        const int steps = 30'000;
        for (int i = 0; i < steps; ++i) {
            time.advance(step);
            taken += take_all(bucket);
        }
        const double ideal = rate * std::chrono::duration<double>(step * steps).count();
        CHECK(at_first == 4);
        CHECK(static_cast<double>(taken - at_first) <= ideal);
        CHECK(static_cast<double>(taken - at_first) >= ideal * 0.999 - 1);
    }
}

TEST_CASE_FIXTURE(bucket_fixture, "a time in the past only refuses more") {
    token_bucket bucket(options(10, 2));
    const time_point before = time.now();
    time.advance(1s);
    CHECK(bucket.try_acquire());
    CHECK(!bucket.try_acquire_at(before)); // before the first permit's time
    CHECK(bucket.acquire_at(before).retry_after == 1s);
    CHECK(bucket.try_acquire_at(time.now()));
    CHECK(!bucket.try_acquire());
}

TEST_CASE_FIXTURE(bucket_fixture, "permits are reserved in advance, one after another") {
    token_bucket bucket(options(10, 2));
    CHECK(bucket.reserve()->delay() == 0ns);
    CHECK(bucket.reserve()->delay() == 0ns);
    CHECK(bucket.reserve()->delay() == 100ms);
    CHECK(bucket.reserve(2)->delay() == 300ms);
    CHECK(bucket.acquire().retry_after == 400ms);
    CHECK(bucket.acquire().remaining == 0);
    time.advance(400ms);
    CHECK(bucket.try_acquire());
    CHECK(bucket.reserve(3).error() == errc::invalid_argument);
    CHECK(bucket.reserve(3).error().message() == "3 permits exceed the burst of 2");
    token_bucket closed(options(0, 2));
    CHECK(closed.reserve().error() == errc::resource_exhausted);
    CHECK(closed.reserve().error().retry_after() == 0);
}

TEST_CASE_FIXTURE(bucket_fixture, "nothing is reserved more than a hundred years ahead") {
    token_bucket bucket(options(1, 1, 24h * 365 * 60));
    CHECK(bucket.reserve()->delay() == 0ns);
    CHECK(bucket.reserve()->delay() == 24h * 365 * 60);
    CHECK(bucket.reserve().error() == errc::resource_exhausted);
}

TEST_CASE_FIXTURE(bucket_fixture, "a cancelled reservation returns its permits once") {
    token_bucket bucket(options(10, 3));
    auto first = bucket.reserve(2);
    CHECK(bucket.acquire(0).remaining == 1);
    CHECK(first->cancel());
    CHECK(bucket.acquire(0).remaining == 3);
    CHECK(!first->cancel());
    CHECK(bucket.acquire(0).remaining == 3);
}

TEST_CASE_FIXTURE(bucket_fixture,
                  "permits that later reservations build on aren't returned, so the rate is never exceeded") {
    token_bucket bucket(options(10, 3));
    auto first = bucket.reserve(3);
    auto second = bucket.reserve(1);
    CHECK(second->delay() == 100ms);
    CHECK(!first->cancel());
    CHECK(second->cancel());
    CHECK(bucket.acquire().retry_after == 100ms);
}

TEST_CASE_FIXTURE(bucket_fixture, "a reservation outlives its bucket") {
    auto bucket = std::make_unique<token_bucket>(options(10, 1));
    auto reserved = bucket->reserve();
    bucket.reset();
    CHECK(reserved->cancel());
}

TEST_CASE_FIXTURE(bucket_fixture, "changing the limit keeps owed permits owed") {
    struct change {
        double rate;
        std::size_t burst;
        std::size_t remaining; // of a bucket of 10 at 10 per second from which 4 were taken
        duration reset_after;
    };
    const change all[] = {
        {10, 10, 6, 400ms},          {1, 10, 6, 4s},  {1000, 10, 6, 4ms}, {10, 20, 16, 400ms}, {10, 4, 0, 400ms},
        {10, 2, 0, 400ms},           {10, 0, 0, 4ns}, {0, 10, 0, 4ns},    {0.5, 5, 1, 8s},     {1e9, 100, 96, 4ns},
        {3, 10, 6, 1'333'333'336ns},
    };
    for (const auto& one : all) {
        CAPTURE(one.rate);
        CAPTURE(one.burst);
        token_bucket bucket(options(10, 10));
        CHECK(bucket.try_acquire(4));
        bucket.set_rate(one.rate);
        bucket.set_burst(one.burst);
        const auto changed = bucket.acquire(0);
        CHECK(changed.remaining == one.remaining);
        CHECK(changed.reset_after == one.reset_after);
        bucket.set_burst(10);
        bucket.set_rate(10);
        CHECK(bucket.acquire(0).remaining == 6);
    }
}

TEST_CASE_FIXTURE(bucket_fixture, "a limit can be lifted and restored, and an invalid change changes nothing") {
    token_bucket bucket(options(10, 2));
    CHECK(take_all(bucket) == 2);
    bucket.set_rate(infinity);
    CHECK(take_all(bucket) == 1000);
    bucket.set_rate(10);
    CHECK(take_all(bucket) == 2);
    CHECK_THROWS_AS(bucket.set_rate(-1), std::invalid_argument);
    CHECK_THROWS_AS(bucket.set_rate(1, 0s), std::invalid_argument);
    CHECK_THROWS_AS(bucket.set_burst(huge), std::invalid_argument);
    time.advance(100ms);
    CHECK(take_all(bucket) == 1);
    bucket.set_rate(60, 1min);
    time.advance(1s);
    CHECK(take_all(bucket) == 1);
}

TEST_CASE_FIXTURE(bucket_fixture, "waiting tasks resume in order") {
    token_bucket bucket(options(10, 1));
    std::vector<int> went;
    auto wait = [&](int who) -> task<void> {
        const auto turn = co_await bucket.wait();
        CHECK(turn.has_value());
        went.push_back(who);
    };
    for (int who = 0; who < 3; ++who) home.spawn(wait(who));
    home.poll();
    CHECK(went == std::vector{0});
    time.advance(99ms);
    home.poll();
    CHECK(went.size() == 1);
    time.advance(1ms);
    home.poll();
    CHECK(went == std::vector{0, 1});
    time.advance(100ms);
    home.poll();
    CHECK(went == std::vector{0, 1, 2});
}

TEST_CASE_FIXTURE(bucket_fixture, "a wait that would exceed the deadline is refused at once and takes nothing") {
    token_bucket bucket(options(10, 1));
    CHECK(bucket.try_acquire());
    home.root_context().set_deadline(time.now() + 99ms);
    const auto refused = home.block_on(bucket.wait()).error();
    CHECK(refused == errc::resource_exhausted);
    CHECK(refused.retry_after() == 1);
    home.root_context().set_deadline(time.now());
    CHECK(home.block_on(bucket.wait()).error() == errc::deadline_exceeded);
    home.root_context().set_deadline(time_point::max());
    CHECK(home.block_on(bucket.wait(2)).error() == errc::invalid_argument);
    CHECK(bucket.acquire().retry_after == 100ms);
    CHECK(bucket.stats().allowed == 1);
    CHECK(bucket.stats().refused == 3);
}

TEST_CASE_FIXTURE(bucket_fixture, "a task that stops waiting returns its permits") {
    token_bucket bucket(options(10, 1));
    CHECK(bucket.try_acquire());
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    errc ended = errc::ok;
    auto wait = [&]() -> task<void> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        const auto turn = co_await bucket.wait();
        ended = turn.error().kind();
    };
    home.spawn(wait(), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    CHECK(bucket.acquire().retry_after == 200ms);
    cancel.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(ended == errc::cancelled);
    CHECK(bucket.acquire().retry_after == 100ms);
}

TEST_CASE_FIXTURE(bucket_fixture, "a task cancelled before it waits takes nothing") {
    token_bucket bucket(options(10, 1));
    CHECK(bucket.try_acquire());
    const auto ends = test_support::ends_when_cancelled_early(home, [&] { return bucket.wait(); });
    CHECK(ends == std::vector{errc::cancelled});
    CHECK(bucket.acquire().retry_after == 100ms);
}

TEST_CASE_FIXTURE(bucket_fixture, "a bucket and a loop may each be destroyed before a waiting task") {
    auto bucket = std::make_unique<token_bucket>(options(10, 1));
    int went = 0;
    auto wait = [&](token_bucket& at) -> task<void> {
        const auto turn = co_await at.wait();
        went += turn ? 1 : 0;
    };
    home.spawn(wait(*bucket));
    home.spawn(wait(*bucket));
    home.poll();
    bucket.reset();
    time.advance(100ms);
    home.poll();
    CHECK(went == 2);
    token_bucket lasting(options(10, 1));
    {
        loop brief{time};
        brief.spawn(wait(lasting));
        brief.spawn(wait(lasting));
        brief.poll();
        CHECK(lasting.acquire().retry_after == 200ms);
    }
    CHECK(went == 3);
    CHECK(lasting.acquire().retry_after == 100ms); // returned
}

TEST_CASE_FIXTURE(bucket_fixture, "run calls within the rate and refuses beyond it") {
    token_bucket bucket(options(0.5, 1));
    const stack policy{bucket};
    CHECK(home.block_on(policy.run([] { return 7; })).value() == 7);
    bool called = false;
    const auto refused = home.block_on(bucket.run([&] { called = true; })).error();
    CHECK(refused == errc::resource_exhausted);
    CHECK(refused.retry_after() == 2);
    CHECK(!called);
    time.advance(2s);
    auto throws = []() -> task<result<int>> {
        throw std::runtime_error("down");
        co_return 1;
    };
    CHECK(home.block_on(bucket.run(throws)).error() == errc::internal);
    CHECK(!bucket.try_acquire()); // it was called, so the permit is used
}

TEST_CASE_FIXTURE(bucket_fixture, "run waits up to max_wait for a permit") {
    auto patient = options(10, 1);
    patient.max_wait = 150ms;
    token_bucket bucket(patient);
    int called = 0;
    auto call = [&]() -> task<void> {
        const auto ran = co_await bucket.run([&] { ++called; });
        CHECK(ran.has_value());
    };
    home.spawn(call());
    home.spawn(call());
    home.poll();
    CHECK(called == 1);
    CHECK(home.block_on(bucket.run([] { return 1; })).error() == errc::resource_exhausted);
    time.advance(100ms);
    home.poll();
    CHECK(called == 2);
    auto forever = options(10, 1);
    forever.max_wait = duration::max();
    token_bucket willing(forever);
    CHECK(willing.try_acquire());
    home.root_context().set_deadline(time.now() + 50ms);
    CHECK(home.block_on(willing.run([] { return 1; })).error() == errc::resource_exhausted);
}

TEST_CASE_FIXTURE(bucket_fixture,
                  "each refusal is counted and reported, and an observer may use the bucket and throw") {
    std::vector<duration> heard;
    token_bucket* self = nullptr;
    auto loud = options(10, 1);
    loud.on_event = [&](const rate_limit_event& event) {
        heard.push_back(event.refused.retry_after);
        if (heard.size() == 1) CHECK(!self->try_acquire());
        throw std::runtime_error("deaf");
    };
    token_bucket bucket(loud);
    self = &bucket;
    CHECK(bucket.try_acquire());
    CHECK(!bucket.try_acquire());
    CHECK(heard == std::vector<duration>{100ms, 100ms});
    CHECK(!bucket.acquire());
    CHECK(home.block_on(bucket.run([] { return 1; })).has_error());
    CHECK(bucket.reserve(2).has_error());
    CHECK(heard.size() == 5);
    CHECK(bucket.stats().allowed == 1);
    CHECK(bucket.stats().refused == 5);
}

TEST_CASE("a refusal has the seconds to wait, rounded up") {
    struct wait {
        duration time;
        std::uint32_t seconds;
    };
    const wait all[] = {
        {0ns, 0},
        {1ns, 1},
        {1s, 1},
        {1s + 1ns, 2},
        {59s + 1ns, 60},
        {60s, 60},
        {60s + 1ns, 61},
        {61s, 61},
        {rate_decision::never, 0},
        {24h * 365 * 100, 3153600000},
        {24h * 365 * 200, 4294967295}};
    for (const auto& one : all)
        for (int twice = 0; twice < 2; ++twice) {
            const auto refusal = rate_decision{.retry_after = one.time}.refusal();
            CHECK(refusal == errc::resource_exhausted);
            CHECK(refusal.retry_after() == one.seconds);
            CHECK(refusal.message() == "too many requests");
        }
}

TEST_CASE_FIXTURE(bucket_fixture, "threads together never get more than the rate and the burst") {
    token_bucket bucket(options(1000, 50));
    std::atomic<int> running = 3;
    std::atomic<std::size_t> taken = 0;
    auto take = [&](std::size_t n) {
        for (int i = 0; i < 50'000; ++i) taken += bucket.try_acquire(n) ? n : 0;
        --running;
    };
    auto reserve = [&] {
        for (int i = 0; i < 50'000; ++i) {
            auto held = bucket.reserve(2);
            if (held->delay() == 0ns)
                taken += 2;
            else
                held->cancel();
        }
        --running;
    };
    std::thread one([&] { take(1); });
    std::thread other([&] { take(3); });
    std::thread third(reserve);
    duration passed{};
    while (running > 0) {
        time.advance(1us);
        passed += 1us;
    }
    one.join();
    other.join();
    third.join();
    CHECK(taken.load() >= 50);
    CHECK(taken.load() <= 50 + static_cast<std::size_t>(passed / 1ms));
}

TEST_CASE_FIXTURE(bucket_fixture, "the limit may be changed while threads take permits") {
    token_bucket bucket(options(1000, 10));
    std::atomic<int> running = 2;
    auto take = [&] {
        for (int i = 0; i < 50'000; ++i) static_cast<void>(bucket.acquire());
        --running;
    };
    std::thread one(take);
    std::thread other(take);
    for (int i = 0; running > 0; ++i) {
        bucket.set_rate(i % 2 == 0 ? 10 : 1000);
        bucket.set_burst(i % 3 == 0 ? 5 : 10);
        time.advance(1us);
    }
    one.join();
    other.join();
    CHECK(bucket.stats().allowed + bucket.stats().refused == 100'000);
    bucket.set_rate(1000);
    bucket.set_burst(10);
    time.advance(100s);
    CHECK(take_all(bucket) == 10);
}

TEST_CASE("tasks of two loops wait for one bucket, each on its own loop") {
    token_bucket bucket({.rate = 1000, .burst = 1});
    auto work = [&] {
        loop mine;
        for (int i = 0; i < 5; ++i) {
            const auto turn = mine.block_on(bucket.wait());
            CHECK(turn.has_value());
        }
    };
    const auto begun = system_clock().now();
    std::thread other(work);
    work();
    other.join();
    CHECK(system_clock().now() - begun >= 9ms);
    CHECK(bucket.stats().allowed == 10);
}
