// SPDX-License-Identifier: MIT
// labels: concurrency
// In a short form; storms_long.cpp has the full one.
#include "integration/storm/drills.hpp"

using namespace std::chrono_literals;
using storm::farewell;

DATABASE_TEST_CASE("clients that hang up on slow queries don't use up the connections") {
    storm::hang_ups(kind, farewell::fin, 200, 20, 20ms);
    storm::hang_ups(kind, farewell::reset, 200, 20, 20ms);
}

DATABASE_TEST_CASE("clients that pipeline more than the queue holds and leave do no harm") {
    storm::pipelined_hang_ups(kind, farewell::fin, 50, 5);
    storm::pipelined_hang_ups(kind, farewell::reset, 50, 5);
}

DATABASE_TEST_CASE("calls whose deadline coincides with connection_timeout complete once") {
    storm::deadlines(kind, 60, 1s);
}
