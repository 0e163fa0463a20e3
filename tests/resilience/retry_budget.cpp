// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/resilience/retry_budget.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::size_t withdraw_all(retry_budget& budget) {
    std::size_t granted = 0;
    while (granted < 1'000'000 && budget.try_withdraw()) ++granted;
    return granted;
}

} // namespace

TEST_CASE("ten calls pay for a retry, and none is available before") {
    retry_budget budget({.ratio = 0.1, .min_per_second = 0});
    CHECK(!budget.try_withdraw());
    for (int i = 0; i < 9; ++i) budget.deposit();
    CHECK(!budget.try_withdraw());
    budget.deposit();
    CHECK(budget.stats().balance == doctest::Approx(1));
    CHECK(budget.try_withdraw());
    CHECK(!budget.try_withdraw());
    CHECK(budget.stats().granted == 1);
    CHECK(budget.stats().refused == 3);
}

TEST_CASE("no more retries than the burst can be saved up") {
    retry_budget budget({.ratio = 0.5, .min_per_second = 0, .burst = 20});
    for (int i = 0; i < 10'000; ++i) budget.deposit();
    CHECK(withdraw_all(budget) == 20);
}

TEST_CASE("the minimum is available every second, and an unused part doesn't accumulate") {
    manual_clock time;
    retry_budget budget({.ratio = 0, .min_per_second = 10, .time = &time});
    CHECK(withdraw_all(budget) == 10);
    time.advance(99ms);
    CHECK(withdraw_all(budget) == 0);
    time.advance(1ms);
    CHECK(withdraw_all(budget) == 1);
    time.advance(1h);
    CHECK(withdraw_all(budget) == 10);
}

TEST_CASE("a minimum below one per second grants one occasionally") {
    manual_clock time;
    retry_budget budget({.ratio = 0, .min_per_second = 0.1, .time = &time});
    CHECK(withdraw_all(budget) == 1);
    time.advance(9s);
    CHECK(withdraw_all(budget) == 0);
    time.advance(1s);
    CHECK(withdraw_all(budget) == 1);
}

TEST_CASE("a budget refuses options out of range and accepts the extremes") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double wrong : {-0.1, 1000.5, nan, infinite})
        CHECK_THROWS_AS(retry_budget({.ratio = wrong}), std::invalid_argument);
    for (const double wrong : {-1.0, 1e10, nan, infinite})
        CHECK_THROWS_AS(retry_budget({.min_per_second = wrong}), std::invalid_argument);
    for (const double wrong : {0.0, -1.0, 1e10, nan, infinite})
        CHECK_THROWS_AS(retry_budget({.burst = wrong}), std::invalid_argument);
    CHECK_THROWS_WITH(retry_budget({.ratio = -1}), "retry_budget_options::ratio = -1: accepted 0 to 1000");

    manual_clock time;
    retry_budget most({.ratio = 1000, .min_per_second = 1e9, .burst = 1e9, .time = &time});
    most.deposit();
    CHECK(most.stats().balance == doctest::Approx(1000));
    retry_budget least({.ratio = 0, .min_per_second = 1e-300, .burst = 1, .time = &time});
    least.deposit();
    CHECK(!least.try_withdraw());
}

TEST_CASE("threads sharing a budget together get no more than one would") {
    manual_clock time;
    retry_budget budget({.ratio = 0.1, .min_per_second = 10, .burst = 1e6, .time = &time});
    std::atomic<std::size_t> granted = 0;
    const auto work = [&] {
        for (int i = 0; i < 10'000; ++i) {
            budget.deposit();
            if (budget.try_withdraw()) ++granted;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (auto& thread : threads) thread.join();
    CHECK(granted <= 4'000 + 10);
    CHECK(granted + withdraw_all(budget) == 4'000 + 10);
    CHECK(budget.stats().granted == 4'000 + 10);
}
