// SPDX-License-Identifier: MIT
#include "redis/wire/slot_queue.hpp"

#include "redis/wire/backoff.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace std::chrono_literals;
using weir::redis::detail::backoff;
using weir::redis::detail::slot;
using weir::redis::detail::slot_queue;

TEST_CASE("slots leave in the order in which they came, across growth and wrap-around") {
    slot_queue queue;
    std::deque<std::uint64_t> expected;
    std::uint64_t next = 0;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < round % 90; ++i) {
            queue.push({nullptr, 1, next, 0, {}});
            expected.push_back(next++);
        }
        for (int i = 0; i < round % 80 && !expected.empty(); ++i) {
            CHECK(queue.front().begins == expected.front());
            queue.pop();
            expected.pop_front();
        }
        REQUIRE(queue.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(queue[i].begins == expected[i]);
    }
}

TEST_CASE("an abandoned slot stays in its place without an owner") {
    slot_queue queue;
    auto* const someone = reinterpret_cast<weir::redis::detail::call*>(0x10); // never dereferenced
    queue.push({someone, 1, 1, 0, {}});
    const auto ticket = queue.push({someone, 1, 2, 0, {}});
    queue.push({someone, 1, 3, 0, {}});
    queue.pop();
    CHECK(queue.abandon(ticket).begins == 2);
    CHECK(queue.size() == 2);
    CHECK(queue[0].owner == nullptr);
    CHECK(queue[1].owner == someone);
}

TEST_CASE("pauses double up to their limit, with half of it added or taken away") {
    backoff pauses(10ms, 100ms);
    CHECK(pauses.fail(0.5) == 10ms);
    CHECK(pauses.fail(0.5) == 20ms);
    CHECK(pauses.fail(0.0) == 20ms);
    CHECK(pauses.fail(0.999) > 110ms);
    CHECK(pauses.fail(0.5) == 100ms);
    for (int i = 0; i < 100; ++i) CHECK(pauses.fail(0.5) == 100ms);
    pauses.succeed();
    CHECK(pauses.fail(0.5) == 10ms);
    backoff endless(1s, weir::duration::max());
    for (int i = 0; i < 100; ++i) CHECK(endless.fail(0.999) > 0ns);
}
