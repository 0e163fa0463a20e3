// SPDX-License-Identifier: MIT
// What an idle connection keeps, seen from inside: one worker on a clock that the test moves.
#include "integration/http/worker_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::echo_hi;
using test_support::socket_client;
using test_support::worker_fixture;

TEST_CASE_FIXTURE(worker_fixture, "after a quiet second a kept-alive connection owns no buffer, and is still served") {
    std::vector<socket_client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(port);
        CHECK(answer(clients.back(), echo_hi) == "hi");
    }
    CHECK(lent(3));
    pass(500ms);
    CHECK(answer(clients[0], echo_hi) == "hi");
    pass(750ms); // the second and the third have been quiet for longer than a second
    CHECK(lent(1));
    pass(500ms);
    CHECK(lent(0));
    CHECK(counters.open == 3);
    CHECK(answer(clients[1], echo_hi) == "hi");
    CHECK(serving->lent_buffers() == 1);
}

TEST_CASE_FIXTURE(worker_fixture, "a connection that has never sent a byte returns its buffer too") {
    socket_client silent(port);
    REQUIRE(until([&] { return counters.open == 1; }));
    pass(1250ms);
    CHECK(lent(0));
    CHECK(answer(silent, echo_hi) == "hi");
}

TEST_CASE_FIXTURE(worker_fixture,
                  "a connection that is silent in the middle of a request does too, and can then complete it") {
    socket_client slow(port);
    slow.send(echo_hi.substr(0, 40));
    REQUIRE(lent(1));
    pass(1250ms);
    CHECK(lent(0));
    CHECK(answer(slow, echo_hi.substr(40)) == "hi");
}
