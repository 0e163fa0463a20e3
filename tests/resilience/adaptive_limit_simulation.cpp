// SPDX-License-Identifier: MIT
#include "resilience/overload_simulation.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using namespace weir;

namespace {

// A service that handles `servers` requests at a time, or 0 for one loop whose handlers run inline.
struct place {
    const char* name;
    std::size_t servers;
    duration service;

    double capacity() const {
        return static_cast<double>(std::max<std::size_t>(servers, 1)) / std::chrono::duration<double>(service).count();
    }
};

constexpr place inline_loop{"inline", 0, 2ms};
constexpr place one_server{"one server", 1, 2ms};
constexpr place two_servers{"two servers", 2, 2ms};
constexpr place eight_servers{"eight servers", 8, 2ms};
constexpr place fifty_connections{"fifty connections", 50, 20ms};

overload::load steady(const place& at, double times, duration length = 20s) {
    overload::load of;
    of.per_second = [rate = at.capacity() * times](time_point) { return rate; };
    of.service = [service = at.service](time_point) { return service; };
    of.length = length;
    return of;
}

// Service is five times slower from the tenth to the twentieth second.
overload::load with_a_slow_time(const place& at, double times) {
    overload::load of = steady(at, times, 30s);
    of.service = [service = at.service](time_point now) {
        const bool slow = now >= overload::after_start(10s) && now < overload::after_start(20s);
        return slow ? 5 * service : service;
    };
    return of;
}

void run(overload::simulation& one, const place& at, const overload::load& of) {
    if (at.servers == 0)
        one.run_inline(of);
    else
        one.run_suspended(of, at.servers);
}

overload::simulation::summary under(const place& at, double times) {
    overload::simulation one;
    run(one, at, steady(at, times));
    return one.between(2s, 20s);
}

} // namespace

TEST_CASE("under three times its capacity a service achieves nearly its full throughput, in bounded time") {
    for (const place& at : {inline_loop, one_server, two_servers, eight_servers, fifty_connections}) {
        CAPTURE(at.name);
        const auto usual = under(at, 0.8);
        const auto overloaded = under(at, 3);
        CHECK(overloaded.per_second >= 0.95 * at.capacity());
        CHECK(overloaded.p99 <= 2 * usual.p99);
        CHECK(overloaded.p99 <= 13 * at.service);
    }
}

TEST_CASE("below its capacity a service refuses almost nothing") {
    for (const place& at : {inline_loop, one_server, two_servers, eight_servers, fifty_connections}) {
        CAPTURE(at.name);
        CHECK(under(at, 0.5).refused <= 0.001);
        CHECK(under(at, 0.8).refused <= 0.02);
    }
}

TEST_CASE("an initial limit far too high or too low is corrected within four seconds of overload") {
    for (const std::size_t initial : {std::size_t{1}, std::size_t{1000}}) {
        CAPTURE(initial);
        for (const place& at : {inline_loop, one_server, fifty_connections}) {
            CAPTURE(at.name);
            overload::simulation one({.initial = initial});
            run(one, at, steady(at, 3, 8s));
            const auto found = one.between(4s, 8s);
            CHECK(found.per_second >= 0.9 * at.capacity());
            CHECK(found.p99 <= 15 * at.service);
        }
    }
}

TEST_CASE("a service that becomes five times slower and then fast again recovers within six seconds each time") {
    for (const place& at : {inline_loop, one_server, eight_servers, fifty_connections}) {
        CAPTURE(at.name);
        overload::simulation one;
        run(one, at, with_a_slow_time(at, 1.5));
        const auto slow = one.between(16s, 20s);
        CHECK(slow.per_second >= 0.9 * at.capacity() / 5);
        CHECK(slow.p99 <= 15 * 5 * at.service);
        const auto quick = one.between(26s, 30s);
        CHECK(quick.per_second >= 0.9 * at.capacity());
        CHECK(quick.p99 <= 15 * at.service);
    }
}

TEST_CASE("batch is shed before normal, and normal before critical") {
    for (const place& at : {inline_loop, one_server, eight_servers, fifty_connections}) {
        CAPTURE(at.name);
        overload::simulation one;
        overload::load of = steady(at, 3);
        of.mix = {0.2, 0.5, 0.3}; // 0.6, 1.5 and 0.9 times the capacity
        run(one, at, of);
        CHECK(one.between(5s, 20s).per_second >= 0.95 * at.capacity());
        CHECK(one.between(5s, 20s, traffic::critical).refused <= 0.06);
        CHECK(one.between(5s, 20s, traffic::normal).per_second >= 0.33 * at.capacity());
        CHECK(one.between(5s, 20s, traffic::batch).per_second <= 0.02 * at.capacity());
    }
}

TEST_CASE("lower classes get nothing if critical calls alone exceed the capacity") {
    for (const place& at : {inline_loop, one_server, eight_servers}) {
        CAPTURE(at.name);
        overload::simulation one;
        overload::load of = steady(at, 3);
        of.mix = {0.4, 0.3, 0.3};
        run(one, at, of);
        CHECK(one.between(5s, 20s, traffic::critical).per_second >= 0.9 * at.capacity());
        CHECK(one.between(5s, 20s, traffic::normal).per_second <= 0.02 * at.capacity());
        CHECK(one.between(5s, 20s, traffic::batch).per_second <= 0.02 * at.capacity());
    }
}

TEST_CASE("shed batch calls are admitted again when there is room, even without other calls") {
    overload::simulation one;
    overload::load of = steady(one_server, 1, 20s);
    of.mix = {0, 0, 1};
    of.per_second = [](time_point now) { return now < overload::after_start(10s) ? 1500 : 200; };
    one.run_suspended(of, 1);
    CHECK(one.between(14s, 20s).refused == 0);
}
