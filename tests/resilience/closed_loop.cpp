// SPDX-License-Identifier: MIT
#include <weir/resilience/closed_loop.hpp>
#include <weir/resilience/closed_loop_metrics.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

using happened = closed_loop_event::what;

// One signal and one knob, set by the test.
struct loop_fixture {
    manual_clock time;
    double latency = 10;
    double rate = 100;
    std::vector<closed_loop_event> seen;

    closed_loop_options options() {
        closed_loop_options made;
        made.signals = {{"latency", [this] { return latency; }}};
        made.knobs = {{"rate", 20, 200, [this] { return rate; }, [this](double to) { rate = to; }}};
        made.time = &time;
        made.on_event = [this](const closed_loop_event& one) { seen.push_back(one); };
        return made;
    }

    void pass(closed_loop& control, int seconds) {
        for (int i = 0; i < seconds; ++i) {
            time.advance(1s);
            control.tick();
        }
    }

    std::size_t count(happened kind) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(seen, [kind](const closed_loop_event& one) { return one.kind == kind; }));
    }
};

} // namespace

TEST_CASE_FIXTURE(loop_fixture,
                  "an anomaly tightens the knob step by step, and its end relaxes it to its earlier value") {
    closed_loop control(options());
    pass(control, 60);
    CHECK(seen.empty());
    latency = 50;
    pass(control, 2);
    CHECK(rate == 100);
    pass(control, 1); // the third consecutive sample
    CHECK(rate == doctest::Approx(70));
    pass(control, 4);
    CHECK(rate == doctest::Approx(70));
    pass(control, 1); // `settle` has passed
    CHECK(rate == doctest::Approx(49));
    latency = 10;
    pass(control, 3); // as many samples end it
    CHECK(count(happened::usual) == 1);
    pass(control, 29);
    CHECK(rate == doctest::Approx(49));
    pass(control, 1);
    CHECK(rate == doctest::Approx(53.9));
    pass(control, 60);
    CHECK(rate == 100);
    CHECK(count(happened::tightened) == 2);
    CHECK(count(happened::relaxed) == 8);
    const auto last = seen.size();
    pass(control, 600);
    CHECK(seen.size() == last);
}

TEST_CASE_FIXTURE(loop_fixture, "a step's reason is in its event, its log line and the history") {
    std::string lines;
    auto chosen = options();
    chosen.log = logger(callback_sink([&](std::string_view line) { lines.append(line).append("\n"); }),
                        {.asynchronous = false, .clock = &time});
    closed_loop control(chosen);
    pass(control, 60);
    latency = 50;
    pass(control, 3);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].kind == happened::anomaly);
    CHECK(seen[0].name == "latency");
    CHECK(seen[1].kind == happened::tightened);
    CHECK(seen[1].name == "rate");
    CHECK(seen[1].from == 100);
    CHECK(seen[1].to == doctest::Approx(70));
    CHECK(seen[1].why.starts_with("latency is 50, usually 10"));
    CHECK(seen[1].at == time.wall_now());
    CHECK(lines.find(R"("event":"tightened","name":"rate","from":100)") != std::string::npos);
    CHECK(control.history().size() == 2);
}

TEST_CASE_FIXTURE(loop_fixture, "a knob stays within its bounds however long an anomaly lasts") {
    closed_loop control(options());
    pass(control, 60);
    latency = 50;
    pass(control, 300);
    CHECK(rate == 20);
    CHECK(count(happened::tightened) == 5); // 70, 49, 34, 24, 20
}

TEST_CASE_FIXTURE(loop_fixture, "a knob isn't tightened further while the signal improves") {
    closed_loop control(options());
    pass(control, 60);
    latency = 500;
    pass(control, 3);
    CHECK(rate == doctest::Approx(70));
    for (; latency > 100; latency *= 0.95) pass(control, 1);
    CHECK(rate == doctest::Approx(70));
    pass(control, 20); // the signal stays too high
    CHECK(rate < 40);
}

TEST_CASE_FIXTURE(loop_fixture, "a knob that rises under load is tightened upwards") {
    auto chosen = options();
    chosen.knobs = {{"shed", 0.01, 0.9, [this] { return rate; }, [this](double to) { rate = to; }, 2, 0.5}};
    rate = 0.1;
    closed_loop control(chosen);
    pass(control, 60);
    latency = 50;
    pass(control, 8);
    CHECK(rate == doctest::Approx(0.4));
    latency = 10;
    pass(control, 60);
    CHECK(rate == doctest::Approx(0.1));
}

TEST_CASE_FIXTURE(loop_fixture, "an anomaly that recurs during relaxing doubles the wait, up to eight times") {
    closed_loop control(options());
    pass(control, 60);
    std::vector<int> waits;
    for (int relapse = 0; relapse < 6; ++relapse) {
        latency = 50;
        pass(control, 10);
        latency = 10;
        const double tight = rate;
        int waited = 0;
        for (; rate == tight && waited < 1000; ++waited) pass(control, 1);
        waits.push_back(waited);
    }
    CHECK(waits == std::vector<int>{33, 63, 123, 243, 243, 243});
    pass(control, 1000);
    CHECK(rate == 100); // relaxed, so the next wait is as long as the first
    latency = 50;
    pass(control, 10);
    latency = 10;
    const double tight = rate;
    pass(control, 32);
    CHECK(rate == tight);
    pass(control, 1);
    CHECK(rate > tight);
}

TEST_CASE_FIXTURE(loop_fixture, "a loop that is off or only proposes sets nothing but keeps watching") {
    auto chosen = options();
    chosen.mode = loop_mode::propose;
    closed_loop control(chosen);
    pass(control, 60);
    latency = 50;
    pass(control, 8);
    CHECK(rate == 100);
    CHECK(count(happened::proposed) == 2);
    CHECK(seen.back().to == doctest::Approx(70));
    control.set_mode(loop_mode::off);
    pass(control, 60);
    CHECK(count(happened::proposed) == 2);
    CHECK(control.signals().front().verdict.anomalous);
    control.set_mode(loop_mode::apply);
    pass(control, 1);
    CHECK(rate == doctest::Approx(70));
}

TEST_CASE_FIXTURE(loop_fixture,
                  "a pinned knob is left alone until it is released, and then returns to its home value") {
    closed_loop control(options());
    pass(control, 60);
    CHECK(control.pin("rate", 80));
    CHECK(rate == 80);
    latency = 50;
    pass(control, 60);
    CHECK(rate == 80);
    CHECK(control.knobs().front().pinned);
    CHECK(control.release("rate"));
    pass(control, 5);
    CHECK(rate == doctest::Approx(56));
    latency = 10;
    pass(control, 120);
    CHECK(rate == 100);
    CHECK(control.pin("speed", 1).error() == errc::not_found);
    CHECK(control.release("speed").error() == errc::not_found);
    CHECK(control.pin("rate", 19).error().message() == "knob \"rate\" = 19: accepted 20 to 200");
    CHECK(control.pin("rate", std::numeric_limits<double>::quiet_NaN()).error() == errc::invalid_argument);
}

TEST_CASE_FIXTURE(loop_fixture, "a value set elsewhere is kept and becomes the knob's home value") {
    closed_loop control(options());
    pass(control, 60);
    rate = 150;
    pass(control, 1);
    CHECK(count(happened::adopted) == 1);
    latency = 50;
    pass(control, 3);
    CHECK(rate == doctest::Approx(105));
    latency = 10;
    pass(control, 120);
    CHECK(rate == 150);
}

TEST_CASE_FIXTURE(loop_fixture,
                  "exceptions of signals, knobs and observers are events or log lines, and the rest continues") {
    bool broken = true;
    auto chosen = options();
    chosen.signals.push_back({"broken", [&]() -> double {
                                  if (broken) throw std::runtime_error("no such file");
                                  return 1;
                              }});
    chosen.knobs.push_back({"stuck", 0, 10, [] { return 5.0; }, [](double) { throw std::runtime_error("read-only"); }});
    chosen.knobs.push_back({"blind", 0, 10, []() -> double { throw std::bad_alloc(); }, [](double) {}});
    closed_loop control(chosen);
    pass(control, 60);
    CHECK(count(happened::failed) == 2); // only the first of consecutive failures
    CHECK(seen.front().name == "broken");
    CHECK(seen.front().why.find("no such file") != std::string::npos);
    broken = false;
    latency = 50;
    pass(control, 3);
    CHECK(rate == doctest::Approx(70));
    CHECK(count(happened::failed) == 3);
    CHECK(control.pin("stuck", 1).error() == errc::unavailable);

    auto rude = options();
    rude.on_event = [](const closed_loop_event&) { throw std::runtime_error("no"); };
    closed_loop other(rude);
    latency = 10;
    rate = 100;
    pass(other, 60);
    latency = 50;
    pass(other, 3);
    CHECK(rate == doctest::Approx(70));
}

TEST_CASE_FIXTURE(loop_fixture, "an observer may control the loop that calls it") {
    closed_loop* steered = nullptr;
    auto chosen = options();
    chosen.on_event = [&](const closed_loop_event& one) {
        if (one.kind == happened::anomaly) CHECK(steered->pin("rate", 30));
    };
    closed_loop control(chosen);
    steered = &control;
    pass(control, 60);
    latency = 50;
    pass(control, 60);
    CHECK(rate == 30);
}

TEST_CASE_FIXTURE(loop_fixture, "the history keeps the last events") {
    auto chosen = options();
    chosen.history = 3;
    closed_loop control(chosen);
    pass(control, 60);
    for (int i = 1; i <= 10; ++i) CHECK(control.pin("rate", 100 + i));
    REQUIRE(control.history().size() == 3);
    CHECK(control.history().front().to == 108);
}

TEST_CASE_FIXTURE(loop_fixture, "invalid options are refused with the name of their signal or knob") {
    const auto refusal = [this](auto change) {
        auto chosen = options();
        change(chosen);
        try {
            const closed_loop made(chosen);
            return std::string("accepted");
        } catch (const std::invalid_argument& why) {
            return std::string(why.what());
        }
    };
    const auto knob = [&](auto change) { return refusal([&](auto& chosen) { change(chosen.knobs.front()); }); };
    CHECK(refusal([](auto&) {}) == "accepted");
    CHECK(refusal([](auto& of) {
              of.signals.push_back(of.signals.front());
          }).find("signal \"latency\": the name is taken") != std::string::npos);
    CHECK(refusal([](auto& of) { of.signals.front().read = nullptr; }).find("read is needed") != std::string::npos);
    CHECK(refusal([](auto& of) { of.signals.front().name = ""; }).find("needs a name") != std::string::npos);
    CHECK(refusal([](auto& of) { of.settle = -1s; }).find("settle") != std::string::npos);
    CHECK(knob([](auto& of) { of.write = nullptr; }).find("knob \"rate\"") != std::string::npos);
    CHECK(knob([](auto& of) { of.least = 300; }).find("least and most") != std::string::npos);
    CHECK(knob([](auto& of) { of.most = std::numeric_limits<double>::infinity(); }).find("least and most") !=
          std::string::npos);
    CHECK(knob([](auto& of) { of.tighten = 1; }).find("tighten and relax") != std::string::npos);
    CHECK(knob([](auto& of) { of.tighten = 1.5; }).find("tighten and relax") != std::string::npos);
    CHECK(knob([](auto& of) { of.relax = -2; }).find("tighten and relax") != std::string::npos);
}

TEST_CASE_FIXTURE(loop_fixture, "a loop with extreme options neither overflows nor stops") {
    auto chosen = options();
    chosen.settle = 0s;
    chosen.relax_after = duration::max();
    chosen.history = 0;
    closed_loop control(chosen);
    pass(control, 60);
    latency = 50;
    pass(control, 10);
    CHECK(rate == 20);
    latency = 10;
    pass(control, 1000);
    CHECK(rate == 20); // never relaxed
    CHECK(control.history().empty());
}

TEST_CASE_FIXTURE(loop_fixture, "metrics export a loop's signals and knobs") {
    metrics numbers;
    closed_loop control(options());
    measure(numbers, control);
    pass(control, 60);
    latency = 50;
    pass(control, 3);
    const std::string text = numbers.text();
    CHECK(text.find("closed_loop_signal{signal=\"latency\"} 50\n") != std::string::npos);
    CHECK(text.find("closed_loop_anomalous{signal=\"latency\"} 1\n") != std::string::npos);
    CHECK(text.find("closed_loop_knob{knob=\"rate\"} 70\n") != std::string::npos);
    CHECK(text.find("closed_loop_knob_home{knob=\"rate\"} 100\n") != std::string::npos);
    CHECK(text.find("closed_loop_mode 2\n") != std::string::npos);
}

namespace {

// A service with a load of 100 requests per second and a capacity of 150, behind a limiter; requests waiting for 5 s
// give up. An incident makes it slower. Simulated in steps of a second.
struct simulated_service {
    double capacity = 150;
    double limit = 200;
    double queue = 0;
    double in_time = 0; // requests answered within a second
    double latency = 0;
    std::mt19937 random{11};

    void step() {
        const double offered = std::poisson_distribution<>(100)(random);
        queue += std::min(offered, limit);
        const double served = std::min(queue, capacity);
        latency = (1 + queue - served) / capacity + 1 / capacity;
        latency *= std::uniform_real_distribution<>(0.9, 1.1)(random);
        if (latency < 1) in_time += served;
        queue = std::min(queue - served, 5 * capacity);
    }
};

struct incident {
    int detected = -1;  // seconds after its start
    int acted = -1;     // the first step
    int recovered = -1; // latency below a second again, permanently
    double in_time = 0; // requests answered in time during the incident
    int home = -1;      // after its end, until the limit has its old value
};

incident run_incident(bool controlled) {
    manual_clock time;
    simulated_service service;
    incident seen;
    int second = 0;
    closed_loop_options options;
    options.time = &time;
    options.mode = controlled ? loop_mode::apply : loop_mode::off;
    options.signals = {{"latency", [&] { return service.latency; }, {.tolerated = 0.25}}};
    options.knobs = {{"limit", 20, 200, [&] { return service.limit; }, [&](double to) { service.limit = to; }}};
    options.on_event = [&](const closed_loop_event& one) {
        if (one.kind == happened::anomaly && seen.detected < 0) seen.detected = second;
        if (one.kind == happened::tightened && seen.acted < 0) seen.acted = second;
    };
    closed_loop control(options);
    const auto pass = [&] {
        service.step();
        time.advance(1s);
        control.tick();
    };
    for (int i = 0; i < 120; ++i) pass();
    service.capacity = 60;
    service.in_time = 0;
    for (second = 1; second <= 300; ++second) {
        pass();
        if (service.latency >= 1)
            seen.recovered = -1;
        else if (seen.recovered < 0)
            seen.recovered = second;
    }
    seen.in_time = service.in_time;
    service.capacity = 150;
    for (second = 1; second <= 600 && seen.home < 0; ++second) {
        pass();
        if (service.limit == 200) seen.home = second;
    }
    return seen;
}

} // namespace

TEST_CASE("a slowdown is detected within 5 s, the service is protected, and recovers fully afterwards") {
    const incident with = run_incident(true);
    const incident without = run_incident(false);
    MESSAGE(
        "detected after " << with.detected << " s, acted after " << with.acted << " s, recovered after "
                          << with.recovered << " s, limit back " << with.home << " s after the end; answered in time "
                          << with.in_time << " instead of " << without.in_time);
    CHECK(with.detected <= 5);
    CHECK(with.acted <= 5);
    CHECK(with.recovered > 0);
    CHECK(with.recovered <= 60);
    CHECK(with.in_time >= 0.65 * 300 * 60); // of the service's capacity
    CHECK(without.recovered == -1);
    CHECK(without.in_time < 0.1 * 300 * 60);
    CHECK(with.home > 0);
    CHECK(with.home <= 180);
}

TEST_CASE("a service without an incident isn't touched for a day") {
    manual_clock time;
    simulated_service service;
    closed_loop_options options;
    options.time = &time;
    options.signals = {{"latency", [&] { return service.latency; }}};
    options.knobs = {{"limit", 20, 200, [&] { return service.limit; }, [&](double to) { service.limit = to; }}};
    closed_loop control(options);
    for (int second = 0; second < 24 * 3600; ++second) {
        service.step();
        time.advance(1s);
        control.tick();
    }
    std::size_t alarms = 0;
    for (const auto& one : control.history()) alarms += one.kind == happened::anomaly ? 1 : 0;
    CHECK(alarms <= 3);
}
