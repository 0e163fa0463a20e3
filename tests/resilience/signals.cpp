// SPDX-License-Identifier: MIT
#include <weir/resilience/signals.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <ctime>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("a rate is the increase per second since the last read") {
    manual_clock time;
    metrics numbers;
    counter& requests = numbers.counter("requests_total", "Requests");
    requests.add(1000);
    const auto rate = rate_of(requests, time);
    requests.add(50);
    CHECK(std::isnan(rate())); // no time has passed
    requests.add(100);
    time.advance(2s);
    CHECK(rate() == 50);
    time.advance(1s);
    CHECK(rate() == 0);
}

TEST_CASE("a ratio covers the time since the last read") {
    metrics numbers;
    counter& errors = numbers.counter("errors_total", "Errors");
    counter& requests = numbers.counter("requests_total", "Requests");
    const auto ratio = ratio_of(errors, requests);
    CHECK(std::isnan(ratio()));
    requests.add(10);
    errors.add(4);
    CHECK(ratio() == doctest::Approx(0.4));
    requests.add(10);
    CHECK(ratio() == 0);
}

TEST_CASE("a quantile covers the observations since the last read, interpolated within its bucket") {
    metrics numbers;
    histogram& times = numbers.histogram("times", "Times", {1, 2, 4});
    for (int i = 0; i < 100; ++i) times.observe(0.5);
    const auto p50 = quantile_of(times, 0.5);
    const auto p99 = quantile_of(times, 0.99);
    const auto all = quantile_of(times, 1);
    CHECK(std::isnan(p50()));
    for (int i = 0; i < 98; ++i) times.observe(1.5);
    for (int i = 0; i < 2; ++i) times.observe(3);
    CHECK(p50() == doctest::Approx(1 + 50.0 / 98));
    CHECK(p99() == doctest::Approx(3));
    CHECK(all() == 4);
    times.observe(100);
    CHECK(p50() == 4); // the last bucket has no upper bound
    CHECK(std::isnan(p50()));
}

TEST_CASE("CPU use covers this process since the last read") {
    const auto use = cpu_use();
    const auto until = std::clock() + CLOCKS_PER_SEC / 50;
    while (std::clock() < until) {
    }
    const double used = use();
    CHECK(used > 0);
    CHECK(used <= 1.5); // the clocks aren't read at the same moment
    manual_clock stands;
    CHECK(std::isnan(cpu_use(stands)()));
}

TEST_CASE("a loop's lag is the delay of its due timers") {
    manual_clock time;
    loop home(time);
    {
        loop_lag lag(home, 100ms);
        CHECK(lag.read() == 0);
        time.advance(100ms);
        home.poll();
        CHECK(lag.read() == 0);
        time.advance(350ms);
        home.poll();
        CHECK(lag.read() == doctest::Approx(0.25));
        CHECK(lag.read() == 0);
        for (const duration late : {20ms, 70ms, 10ms}) {
            time.advance(100ms + late);
            home.poll();
        }
        CHECK(lag.read() == doctest::Approx(0.07)); // the greatest
    }
    time.advance(1h);
    CHECK(home.poll() == 0); // no timer is left
}
