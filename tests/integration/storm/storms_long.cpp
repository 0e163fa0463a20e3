// SPDX-License-Identifier: MIT
// labels: long
#include "integration/storm/drills.hpp"
#include "support/descriptors.hpp"

using namespace std::chrono_literals;
using storm::farewell;

namespace {

void ten_thousand(const orm_test::backend& kind, farewell how) {
    const auto measured = storm::hang_ups(kind, how, 10'000, 60, 100ms);
    MESSAGE("good calls a second: " << measured.alone << " alone, " << measured.within << " within the storm");
    CHECK(measured.within >= measured.alone * 2 / 3);
    CHECK(measured.dropped <= 200);
}

} // namespace

DATABASE_TEST_CASE("ten thousand hang-ups by FIN cost good clients no more than a third of their rate") {
    ten_thousand(kind, farewell::fin);
}

DATABASE_TEST_CASE("ten thousand hang-ups by reset cost good clients no more than a third of their rate") {
    ten_thousand(kind, farewell::reset);
}

DATABASE_TEST_CASE("six hundred clients with deadlines at the pool's timeout for a minute") {
    test_support::allow_descriptors(3000);
    storm::deadlines(kind, 600, 1min);
}
