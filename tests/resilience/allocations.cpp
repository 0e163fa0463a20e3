// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include <weir/resilience/token_bucket.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("neither a permit nor a refusal of a token bucket allocates") {
    manual_clock time;
    token_bucket bucket({.rate = 10, .burst = 2, .time = &time});
    const auto refuse = [&] {
        while (bucket.try_acquire()) {
        }
        const error refused = bucket.acquire().refusal();
        CHECK(refused.retry_after() == 1);
    };
    refuse(); // the thread caches the error of this wait
    time.advance(1s);
    CHECK(test_support::allocations(refuse) == 0);
}
