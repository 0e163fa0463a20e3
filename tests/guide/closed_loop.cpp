// SPDX-License-Identifier: MIT
#include <weir/resilience/closed_loop.hpp>
#include <weir/resilience/signals.hpp>
#include <weir/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;

namespace {

weir::closed_loop_options control_of(const weir::histogram& durations, weir::token_bucket& intake, double& rate) {
    weir::closed_loop_options options;
    options.signals = {{"p99_s", weir::quantile_of(durations, 0.99), {.tolerated = 0.25}}};
    options.knobs = {{"intake", 50, 1000, [&] { return rate; }, [&](double to) { intake.set_rate(rate = to); }}};
    return options;
}

} // namespace

TEST_CASE("slow responses lower the rate of admitted requests") {
    weir::manual_clock time;
    weir::metrics numbers;
    weir::histogram& durations = numbers.histogram("duration_seconds", "How long requests take");
    double rate = 1000;
    weir::token_bucket intake({.rate = rate, .burst = 100, .time = &time});
    auto options = control_of(durations, intake, rate);
    options.time = &time;
    weir::closed_loop control(options);
    const auto pass = [&](int seconds, double took) {
        for (int i = 0; i < seconds; ++i) {
            for (int requests = 0; requests < 100; ++requests) durations.observe(took);
            time.advance(1s);
            control.tick();
        }
    };
    pass(60, 0.02);
    CHECK(rate == 1000);
    pass(3, 2);
    CHECK(rate == doctest::Approx(700));
    CHECK(control.pin("intake", 300));
    pass(60, 2);
    CHECK(rate == 300);
}
