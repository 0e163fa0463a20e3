// SPDX-License-Identifier: MIT
// labels: long
// All combinations of which hostile_client.cpp has the pairs.
#include "integration/http/hostile_client.hpp"

#include <doctest/doctest.h>

TEST_CASE("hostile clients in every combination leave a server that serves the others, and nothing of themselves") {
    hostile::run(hostile::all_combinations());
}
