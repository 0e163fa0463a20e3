// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/loop.hpp>
#include <weir/resilience/adaptive_throttle.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A throttle whose random numbers are set by the test.
struct throttle_fixture {
    manual_clock time;
    double drawn = 0;
    std::vector<double> rejected_at;
    adaptive_throttle throttle{options()};

    adaptive_throttle_options options() {
        adaptive_throttle_options given;
        given.name = "search";
        given.time = &time;
        given.random = [this] { return drawn; };
        given.on_event = [this](const adaptive_throttle_event& one) {
            rejected_at.push_back(one.rejection_probability);
        };
        return given;
    }

    void accept(int count) {
        for (int i = 0; i < count; ++i) throttle.try_acquire().value().succeed();
    }
    // Rejected by the backend: passes the throttle regardless of its probability.
    void reject(int count, const error& why = errc::unavailable) {
        const double before = std::exchange(drawn, 0.999999);
        for (int i = 0; i < count; ++i) throttle.try_acquire().value().fail(why);
        drawn = before;
    }
    double probability() const { return throttle.stats().rejection_probability; }
};

bool throttle_takes(double multiplier, duration window) {
    try {
        const adaptive_throttle made({.multiplier = multiplier, .window = window});
        return true;
    } catch (const std::invalid_argument& wrong) {
        CHECK(std::string(wrong.what()).starts_with("adaptive_throttle_options."));
        return false;
    }
}

} // namespace

TEST_CASE_FIXTURE(throttle_fixture, "the probability follows the formula of Google's SRE book") {
    CHECK(probability() == 0);
    struct row {
        int accepts;
        int rejects;
        double probability;
    };
    for (const auto& [accepts, rejects, expected] :
         {row{0, 1, 1.0 / 2}, row{10, 0, 0}, row{10, 10, 0}, row{10, 20, 10.0 / 31}, row{0, 99, 99.0 / 100}}) {
        throttle_fixture one;
        one.accept(accepts);
        one.reject(rejects);
        CHECK(one.probability() == doctest::Approx(expected));
    }
}

TEST_CASE_FIXTURE(throttle_fixture,
                  "a call is rejected if its random number is below the probability, and counts as a request") {
    accept(10);
    reject(20);
    drawn = 10.0 / 31 + 1e-9;
    {
        auto permit = throttle.try_acquire();
        CHECK(permit.has_value());
    }
    drawn = 10.0 / 31 - 1e-9;
    const error refused = throttle.try_acquire().error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.code() == "throttled");
    CHECK(refused.retry_after() == 1);
    CHECK(throttle.stats().requests == 31);
    CHECK(throttle.stats().accepts == 10);
    CHECK(throttle.stats().total_rejected == 1);
    REQUIRE(rejected_at.size() == 1);
    CHECK(rejected_at[0] == doctest::Approx(10.0 / 31));
}

TEST_CASE_FIXTURE(throttle_fixture, "after the backend's recovery all calls pass, and the old window is dropped") {
    reject(100);
    CHECK(probability() > 0.98);
    time.advance(2min + 2s);
    CHECK(probability() == 0);
    reject(10);
    time.advance(1min);
    drawn = 0.999999;
    accept(10);
    CHECK(probability() == 0);
}

TEST_CASE_FIXTURE(throttle_fixture, "calls in progress, dropped or cancelled don't count") {
    std::vector<adaptive_throttle::permit> out;
    for (int i = 0; i < 100; ++i) out.push_back(throttle.try_acquire().value());
    CHECK(probability() == 0);
    for (auto& one : out) one.fail(errc::cancelled);
    CHECK(throttle.stats().requests == 0);
    { const auto dropped = throttle.try_acquire(); }
    CHECK(throttle.stats().requests == 0);
}

TEST_CASE_FIXTURE(throttle_fixture, "which errors count as rejections by the backend") {
    for (int kind = 1; kind <= static_cast<int>(errc::deadline_exceeded); ++kind) {
        const auto why = static_cast<errc>(kind);
        CAPTURE(why);
        throttle_fixture one;
        one.reject(1, why);
        const bool counts =
            why == errc::unavailable || why == errc::resource_exhausted || why == errc::deadline_exceeded;
        CHECK(one.throttle.stats().requests == (why == errc::cancelled ? 0 : 1));
        CHECK(one.throttle.stats().accepts == (counts || why == errc::cancelled ? 0 : 1));
    }
}

TEST_CASE("a predicate that throws counts as a rejection, and a callback that throws breaks nothing") {
    manual_clock time;
    adaptive_throttle throttle(
        {.counts_as_rejection = [](const error&) -> bool { throw std::runtime_error("?"); },
         .on_event = [](const adaptive_throttle_event&) { throw std::runtime_error("pager"); },
         .random = [] { return 0.0; },
         .time = &time});
    throttle.try_acquire().value().fail(errc::not_found);
    CHECK(throttle.try_acquire().error().code() == "throttled");
    CHECK(throttle.stats().total_events_failed == 1);
    CHECK(throttle.stats().requests == 2);
}

TEST_CASE("a multiplier below 1 and a window out of range are refused") {
    CHECK(throttle_takes(1, 1ms));
    CHECK(throttle_takes(1e300, 24h));
    for (const double wrong :
         {0.99, 0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
        CHECK(!throttle_takes(wrong, 1min));
    for (const duration wrong : {duration(0), duration(-1), duration(999'999), duration::max()})
        CHECK(!throttle_takes(2, wrong));
}

TEST_CASE_FIXTURE(throttle_fixture, "run makes the call, counts it, and rejects calls") {
    loop home(time);
    CHECK(home.block_on(throttle.run([] { return 7; })).value() == 7);
    for (int i = 0; i < 4; ++i)
        CHECK(home.block_on(throttle.run([]() -> result<int> { return errc::unavailable; })).has_error());
    CHECK(throttle.stats().total_rejected > 0);
    CHECK(throttle.stats().accepts == 1);
    CHECK(throttle.stats().requests == 5);
}

TEST_CASE("threads share a throttle with the default random generator") {
    adaptive_throttle throttle;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int call = 0; call < 5'000; ++call)
                if (auto permit = throttle.try_acquire()) permit->fail(errc::unavailable);
        });
    for (auto& thread : threads) thread.join();
    const auto seen = throttle.stats();
    CHECK(seen.requests == 20'000);
    CHECK(seen.accepts == 0);
    CHECK(seen.total_rejected > 15'000);
}
