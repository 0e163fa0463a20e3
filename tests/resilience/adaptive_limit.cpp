// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/loop.hpp>
#include <weir/reflect/duration_format.hpp>
#include <weir/reflect/json.hpp>
#include <weir/resilience/adaptive_limit.hpp>
#include <weir/resilience/stack.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

using change = adaptive_limit_change;

struct adaptive_limit_fixture {
    manual_clock time;
    std::vector<change> changes;
    std::unique_ptr<adaptive_limit> made;
    std::vector<adaptive_limit::permit> held; // ends before the limit

    adaptive_limit& make(const adaptive_limit_options& with) {
        made = std::make_unique<adaptive_limit>(with);
        return *made;
    }

    adaptive_limit_options options(std::size_t initial = 10) {
        adaptive_limit_options chosen;
        chosen.initial = initial;
        chosen.time = &time;
        chosen.on_event = [this](const adaptive_limit_event& one) { changes.push_back(one.change); };
        return chosen;
    }

    // Takes permits until one is refused.
    std::size_t fill(adaptive_limit& limit, traffic kind = traffic::critical) {
        std::size_t count = 0;
        while (auto one = limit.try_acquire(kind)) {
            held.push_back(std::move(one));
            ++count;
        }
        return count;
    }

    // Serves calls of equal duration one after another.
    void serve(adaptive_limit& limit, int count, duration each, traffic kind = traffic::critical) {
        for (int i = 0; i < count; ++i) {
            auto one = limit.try_acquire(kind);
            time.advance(each);
            one.done();
        }
    }

    // Keeps the limit full, with calls of equal duration.
    void serve_full(adaptive_limit& limit, int rounds, duration each) {
        for (int i = 0; i < rounds; ++i) {
            fill(limit);
            time.advance(each);
            for (auto& one : held) one.done();
            held.clear();
        }
    }
};

std::string refused_option(const adaptive_limit_options& options) {
    try {
        adaptive_limit made(options);
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
    return "none";
}

} // namespace

TEST_CASE_FIXTURE(adaptive_limit_fixture, "as many calls run as the limit allows, and the next one is refused") {
    adaptive_limit& limit = make(options(10));
    CHECK(fill(limit) == 10);
    CHECK(limit.stats().in_flight == 10);
    held.pop_back();
    CHECK(fill(limit) == 1);
    held.clear();
    const auto now = limit.stats();
    CHECK(now.in_flight == 0);
    CHECK(now.of(traffic::critical).admitted == 11);
    CHECK(now.of(traffic::critical).refused == 2);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a lower class has a smaller part of the limit") {
    adaptive_limit& limit = make(options(10));
    CHECK(fill(limit, traffic::batch) == 7);
    CHECK(fill(limit, traffic::normal) == 2);
    CHECK(fill(limit, traffic::critical) == 1);
    CHECK(limit.stats().of(traffic::batch).share == doctest::Approx(0.7));
    CHECK(name(traffic::critical) == "critical");
    CHECK(name(traffic::normal) == "normal");
    CHECK(name(traffic::batch) == "batch");
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a call of any class is admitted if none runs") {
    adaptive_limit& limit = make(options(1));
    for (const traffic kind : {traffic::critical, traffic::normal, traffic::batch}) CHECK(limit.try_acquire(kind));
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a call's previous wait counts as queued calls ahead of it") {
    adaptive_limit& limit = make(options(10));
    CHECK(limit.try_acquire(traffic::critical, 9ms)); // nothing is measured yet: a call counts as 1 ms
    CHECK(!limit.try_acquire(traffic::critical, 10ms));
    serve(limit, 100, 2ms);
    REQUIRE(limit.stats().min_latency == 2ms);
    const auto at_most = 2ms * (static_cast<int>(limit.stats().limit) - 1);
    CHECK(limit.try_acquire(traffic::critical, at_most));
    CHECK(!limit.try_acquire(traffic::critical, at_most + 2ms));
    CHECK(!limit.try_acquire(traffic::critical, duration::max()));
    CHECK(limit.try_acquire(traffic::critical, duration::min()));
}

TEST_CASE_FIXTURE(adaptive_limit_fixture,
                  "a permit ends once: by done, by ignore, by its destructor or by assignment") {
    adaptive_limit& limit = make(options());
    auto first = limit.try_acquire();
    auto second = limit.try_acquire();
    CHECK(limit.stats().in_flight == 2);
    first.done();
    first.done();
    first.ignore();
    CHECK(!first);
    CHECK(limit.stats().in_flight == 1);
    first = std::move(second);
    CHECK(first);
    CHECK(!second); // NOLINT(bugprone-use-after-move): checks that it is empty
    CHECK(limit.stats().in_flight == 1);
    first = adaptive_limit::permit();
    CHECK(limit.stats().in_flight == 0);
    adaptive_limit::permit none;
    none.done();
    none.ignore();
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "ignored calls don't affect the latency") {
    adaptive_limit& limit = make(options());
    for (int i = 0; i < 100; ++i) {
        auto one = limit.try_acquire();
        time.advance(50ms);
        one.ignore();
    }
    CHECK(limit.stats().min_latency == 0ns);
    CHECK(limit.stats().limit == 10);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a limit that isn't reached stays unchanged") {
    adaptive_limit& limit = make(options(10));
    serve(limit, 1000, 2ms);
    CHECK(limit.stats().limit == 10);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a full limit grows up to its bound while calls take no longer") {
    auto wanted = options(10);
    wanted.max = 50;
    adaptive_limit& limit = make(wanted);
    serve_full(limit, 1000, 10ms);
    CHECK(limit.stats().limit == 50);
    limit.set_bounds(1, 60);
    serve_full(limit, 200, 10ms);
    CHECK(limit.stats().limit == 60);
    limit.set_bounds(1, 5);
    CHECK(limit.stats().limit == 5);
    limit.set_bounds(20, 30);
    CHECK(limit.stats().limit == 20);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a full limit shrinks down to its bound when calls take longer") {
    auto wanted = options(100);
    wanted.min = 20;
    wanted.probe_interval = 1h;
    adaptive_limit& limit = make(wanted);
    serve(limit, 100, 2ms);
    serve_full(limit, 40, 100ms);
    CHECK(limit.stats().limit == 20);
    CHECK(limit.stats().latency == 100ms);
    CHECK(limit.stats().min_latency == 2ms);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture,
                  "the minimum latency is measured again: directly without load, by a probe under load") {
    adaptive_limit& limit = make(options(10));
    serve(limit, 100, 2ms);
    CHECK(limit.stats().min_latency == 2ms);
    serve(limit, 1100, 10ms);
    CHECK(limit.stats().min_latency == 10ms);
    CHECK(limit.stats().probes == 0);
    serve_full(limit, 400, 30ms);
    CHECK(limit.stats().probes >= 1);
    CHECK(limit.stats().min_latency == 30ms);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture,
                  "a probe in which no call ends is abandoned and leaves the minimum latency unchanged") {
    adaptive_limit& limit = make(options(20));
    serve(limit, 100, 2ms);
    time.advance(6s);
    fill(limit);
    time.advance(4ms);
    for (std::size_t i = 0; i + 1 < held.size(); ++i) held[i].done(); // the last one stays
    REQUIRE(limit.stats().probes == 1);
    time.advance(10s);
    CHECK(fill(limit) <= 5); // the first refusal ends the probe
    CHECK(fill(limit) > 5);
    CHECK(limit.stats().min_latency == 2ms);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a fixed limit stays until it is automatic again") {
    adaptive_limit& limit = make(options(10));
    limit.set_limit(3);
    CHECK(!limit.stats().automatic);
    serve_full(limit, 200, 10ms);
    CHECK(limit.stats().limit == 3);
    CHECK(limit.stats().probes == 0);
    CHECK(fill(limit) == 3);
    held.clear();
    limit.automatic();
    serve_full(limit, 200, 10ms);
    CHECK(limit.stats().limit > 3);
    CHECK(limit.stats().automatic);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture,
                  "a class loses its share while higher classes are refused, and regains it afterwards") {
    adaptive_limit& limit = make(options(10));
    limit.set_limit(10);
    for (int i = 0; i < 200; ++i) {
        serve_full(limit, 1, 10ms);
        for (int more = 0; more < 5; ++more) (void)limit.try_acquire(traffic::critical, 1h);
    }
    CHECK(limit.stats().of(traffic::normal).share == doctest::Approx(0.05));
    CHECK(limit.stats().of(traffic::batch).share == doctest::Approx(0.05));
    CHECK(fill(limit, traffic::normal) == 0);
    serve(limit, 2000, 10ms);
    CHECK(limit.stats().of(traffic::normal).share == doctest::Approx(0.9));
    CHECK(limit.stats().of(traffic::batch).share == doctest::Approx(0.7));
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "events report when refusals begin and end, and a new minimum latency") {
    adaptive_limit& limit = make(options(10));
    serve(limit, 100, 2ms);
    CHECK(changes == std::vector{change::min_latency});
    (void)limit.try_acquire(traffic::batch, 1h);
    serve(limit, 100, 2ms);
    CHECK(changes == std::vector{change::min_latency, change::refusing});
    serve(limit, 700, 2ms);
    CHECK(changes == std::vector{change::min_latency, change::refusing, change::recovered});
    serve(limit, 5000, 4ms);
    CHECK(changes.size() == 4);
    CHECK(changes.back() == change::min_latency);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "an observer may throw and may use the limit that calls it") {
    adaptive_limit* self = nullptr;
    int heard = 0;
    auto wanted = options(10);
    wanted.on_event = [&](const adaptive_limit_event&) {
        ++heard;
        self->set_bounds(1, 5);
        self->try_acquire().done();
        throw std::runtime_error("not today");
    };
    adaptive_limit& limit = make(wanted);
    self = &limit;
    serve(limit, 100, 2ms);
    CHECK(heard == 1);
    CHECK(limit.stats().limit == 5);
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "a clock that is set back does no harm") {
    adaptive_limit& limit = make(options(10));
    serve(limit, 50, 2ms);
    for (int i = 0; i < 100; ++i) {
        auto one = limit.try_acquire();
        time.advance(-5ms);
        one.done();
    }
    time.advance(2s);
    serve(limit, 100, 2ms);
    CHECK(limit.stats().limit == 10);
    CHECK(limit.stats().min_latency >= 0ns);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "invalid options are refused by name") {
    const auto with = [this](auto set) {
        auto wrong = options();
        set(wrong);
        return refused_option(wrong);
    };
    using of = adaptive_limit_options;
    CHECK(with([](of& o) { o.min = 0; }) == "adaptive_limit_options: min = 0: accepted 1 or more");
    CHECK(with([](of& o) { o.max = 5, o.min = 6; }) == "adaptive_limit_options: max = 5: accepted min or more");
    CHECK(with([](of& o) { o.tolerance = 0.5; }) == "adaptive_limit_options: tolerance = 0.500000: accepted 1 to 10");
    CHECK(with([](of& o) { o.tolerance = std::nan(""); }).find("tolerance") != std::string::npos);
    CHECK(with([](of& o) { o.tolerance = std::numeric_limits<double>::infinity(); }).find("tolerance") !=
          std::string::npos);
    CHECK(with([](of& o) { o.window = 0ms; }) == "adaptive_limit_options: window = 0 ns: accepted 1 ms or more");
    CHECK(with([](of& o) { o.probe_interval = -1s; }).find("probe_interval") != std::string::npos);
    CHECK(with([](of& o) { o.least_latency = 0ns; }).find("least_latency") != std::string::npos);
    CHECK(with([](of& o) { o.retry_after = 999ms; }).find("retry_after") != std::string::npos);
    CHECK(with([](of& o) { o.time = nullptr; }).find("time") != std::string::npos);
    adaptive_limit& limit = make(options());
    CHECK_THROWS_AS(limit.set_limit(0), std::invalid_argument);
    CHECK_THROWS_AS(limit.set_bounds(0, 1), std::invalid_argument);
    CHECK_THROWS_AS(limit.set_bounds(2, 1), std::invalid_argument);
}

TEST_CASE_FIXTURE(adaptive_limit_fixture, "extreme options work") {
    auto wanted = options(std::numeric_limits<std::size_t>::max());
    wanted.max = std::numeric_limits<std::size_t>::max();
    wanted.queue = std::numeric_limits<std::size_t>::max();
    wanted.window = duration::max();
    wanted.probe_interval = duration::max();
    wanted.least_latency = duration::max();
    wanted.retry_after = duration::max();
    adaptive_limit& limit = make(wanted);
    serve(limit, 100, 2ms);
    time.advance(1h);
    serve(limit, 100, 2ms);
    CHECK(limit.try_acquire(traffic::critical, duration::max()));
    CHECK(std::isfinite(limit.stats().limit));
    adaptive_limit none(options(0));
    CHECK(none.stats().limit == 1);
    CHECK(none.try_acquire());
}

TEST_CASE("the options can be part of a service's settings") {
    adaptive_limit_options wanted;
    wanted.max = 200;
    wanted.window = 50ms;
    const auto text = to_json(wanted);
    CHECK(text.find(R"("window":"50ms")") != std::string::npos);
    const auto read = from_json<adaptive_limit_options>(text);
    CHECK(read.value().max == 200);
    CHECK(read.value().window == 50ms);
    CHECK(read.value().retry_after == 1s);
}

namespace {

struct adaptive_run_fixture : adaptive_limit_fixture {
    loop home{time};
    adaptive_limit& limit = make(options(1));
};

} // namespace

TEST_CASE_FIXTURE(adaptive_run_fixture, "run returns what the call yields, and its latency counts") {
    for (int i = 0; i < 100; ++i) {
        auto call = [this] {
            time.advance(20ms);
            return 7;
        };
        CHECK(home.block_on(limit.run(traffic::critical, call)).value() == 7);
    }
    CHECK(limit.stats().min_latency == 20ms);
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(adaptive_run_fixture, "run refuses with an error that says when to retry, and doesn't call") {
    const auto taken = limit.try_acquire(traffic::critical);
    bool called = false;
    const auto refused = home.block_on(limit.run([&] { called = true; }));
    CHECK(refused.error() == errc::unavailable);
    CHECK(refused.error().code() == "overloaded");
    CHECK(refused.error().retry_after() == 1);
    CHECK(!called);
}

TEST_CASE_FIXTURE(adaptive_run_fixture,
                  "an error's latency doesn't count unless it is deadline_exceeded; the permit ends either way") {
    limit.set_limit(2);
    const auto fail = [this](errc kind) {
        return home.block_on(limit.run(traffic::critical, [this, kind]() -> result<void> {
            time.advance(20ms);
            return kind;
        }));
    };
    for (int i = 0; i < 100; ++i) CHECK(fail(errc::unavailable).error() == errc::unavailable);
    for (int i = 0; i < 100; ++i) CHECK(fail(errc::cancelled).error() == errc::cancelled);
    CHECK(limit.stats().min_latency == 0ns);
    for (int i = 0; i < 100; ++i) CHECK(fail(errc::deadline_exceeded).error() == errc::deadline_exceeded);
    CHECK(limit.stats().min_latency == 20ms);
    const auto thrown = home.block_on(limit.run(traffic::critical, [] { throw std::runtime_error("no"); }));
    CHECK(thrown.error() == errc::internal);
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(adaptive_run_fixture, "a call destroyed while waiting returns its permit") {
    {
        loop short_lived(time);
        short_lived.spawn([](adaptive_limit& by) -> task<void> {
            auto call = []() -> task<void> { co_await sleep_for(1h); };
            (void)co_await by.run(traffic::critical, call);
        }(limit));
        short_lived.poll();
        CHECK(limit.stats().in_flight == 1);
    }
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(adaptive_run_fixture, "an adaptive limit is a layer of a stack") {
    limit.set_limit(2);
    const stack policy{limit};
    CHECK(home.block_on(policy.run([] { return 7; })).value() == 7);
    fill(limit);
    CHECK(home.block_on(policy.run([] { return 7; })).error().code() == "overloaded");
}

TEST_CASE("threads share a limit: never more in flight than allowed, and every call is counted") {
    adaptive_limit limit;
    limit.set_limit(3);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    const auto work = [&] {
        for (int i = 0; i < 20000; ++i) {
            auto held = limit.try_acquire(traffic::critical);
            if (!held) continue;
            const int now = ++running;
            for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
            }
            --running;
            held.done();
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (auto& one : threads) one.join();
    CHECK(most <= 3);
    const auto seen = limit.stats();
    CHECK(seen.in_flight == 0);
    CHECK(seen.of(traffic::critical).admitted + seen.of(traffic::critical).refused == 80000);
}

TEST_CASE("an automatic limit is changed, fixed and read by threads while others call") {
    adaptive_limit_options options;
    options.window = 1ms;
    options.probe_interval = 2ms;
    adaptive_limit limit(options);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            std::vector<adaptive_limit::permit> held;
            for (int n = 0; n < 20000; ++n) {
                if (auto one = limit.try_acquire(static_cast<traffic>(n % 3))) held.push_back(std::move(one));
                if (held.size() < 16) continue;
                for (auto& one : held) one.done();
                held.clear();
            }
            over = true;
        });
    while (!over) {
        limit.set_limit(4);
        limit.automatic();
        limit.set_bounds(1, 100);
        CHECK(limit.stats().limit >= 1);
    }
    for (auto& one : threads) one.join();
    CHECK(limit.stats().in_flight == 0);
}
