// SPDX-License-Identifier: MIT
#include "integration/http/worker_fixture.hpp"
#include "support/socket_client.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_CASE_FIXTURE(test_support::worker_fixture,
                  "connections that arrived while the loop was busy are accepted together") {
    std::vector<test_support::socket_client> peers;
    for (int i = 0; i < 5; ++i) peers.emplace_back(port);
    while (counters.open == 0) serving->loop().run_one();
    CHECK(counters.open == 5);
}
