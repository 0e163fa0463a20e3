// SPDX-License-Identifier: MIT
// labels: long
// What hostile_client.cpp does in pairs, in full.
#include "http_server/hostile_client.hpp"

#include <doctest/doctest.h>

TEST_CASE("hostile clients in every combination leave a server that serves the others, and nothing of themselves") {
    hostile::run(hostile::all_combinations());
}
