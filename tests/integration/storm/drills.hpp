// SPDX-License-Identifier: MIT
#pragma once

#include "integration/storm/storm.hpp"

#include <doctest/doctest.h>

namespace storm {

using namespace std::chrono_literals;

constexpr std::size_t pool_size = 10;
constexpr weir::duration between_good_calls = 10ms;

struct rates {
    double alone = 0;          // successful calls per second without the storm
    double within = 0;         // and during it
    std::uint64_t dropped = 0; // connections, which should have been reused
};

// Measures how many calls per second `good` clients complete beside the rest of the crowd.
inline double rate_of(crowd& all, int good) {
    for (int i = 0; i < good; ++i) all.add(all.call(between_good_calls));
    const auto began = std::chrono::steady_clock::now();
    all.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    CHECK(all.wrong == "");
    return all.served / took.count();
}

inline double rate_alone(const service& at, int good, weir::duration length) {
    crowd all{at};
    all.add(all.end_after(length));
    return rate_of(all, good);
}

// `good` clients beside clients that hang up on a slow query, `times` times.
inline rates hang_ups(const orm_test::backend& kind, farewell how, int times, int clients, weir::duration pause) {
    const orm_test::empty_database where(kind);
    const service at(kind, database_for(where, pool_size), 10s);
    rates measured;
    measured.alone = rate_alone(at, 8, std::chrono::seconds(1));
    crowd all{at};
    all.hang_ups_left = times;
    for (int i = 0; i < clients; ++i) all.add(all.hang_up(how, get("/slow"), pause));
    measured.within = rate_of(all, 8);
    CHECK(at.calms_down());
    const auto pool = at.pool();
    CHECK(pool.opened - pool.dropped <= pool_size);
    measured.dropped = pool.dropped;
    return measured;
}

// Clients that pipeline more requests than may wait for a connection, and leave.
inline void pipelined_hang_ups(const orm_test::backend& kind, farewell how, int times, int clients) {
    const orm_test::empty_database where(kind);
    auto options = database_for(where, 2);
    options.pool.maximum_pending = 4;
    const service at(kind, options, 10s);
    std::string requests;
    for (int i = 0; i < 20; ++i) requests += get("/slow");
    crowd all{at};
    all.hang_ups_left = times;
    for (int i = 0; i < clients; ++i) all.add(all.hang_up(how, requests, 1ms));
    all.run();
    CHECK(at.calms_down());
    rate_alone(at, 1, 100ms); // good calls succeed
}

// Clients whose deadline comes when their call's connection_timeout does.
inline void deadlines(const orm_test::backend& kind, int clients, weir::duration length) {
    constexpr weir::duration give_up = 50ms;
    const orm_test::empty_database where(kind);
    auto options = database_for(where, 4);
    options.pool.connection_timeout = give_up;
    const service at(kind, options, give_up + 1ms); // the last to start may be the first to end
    crowd all{at};
    all.add(all.end_after(length));
    for (int i = 0; i < clients; ++i) all.add(all.wait(get("/hurried/slow")));
    all.run();
    CHECK(all.wrong == "");
    CHECK(at.calms_down());
    const auto pool = at.pool();
    CHECK(pool.timeouts > 0);
}

} // namespace storm
