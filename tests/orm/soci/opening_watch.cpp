// SPDX-License-Identifier: MIT
// labels: concurrency
#include "orm/soci/opening_watch.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct counted_ends {
    std::atomic<int> ends = 0;

    void wait_for(int times) const {
        while (ends < times) std::this_thread::yield();
    }
};

} // namespace

TEST_CASE("an opening that takes too long is interrupted repeatedly until it ends") {
    counted_ends on;
    {
        const orm::opening_watch watch(1ms, {}, [&] { ++on.ends; });
        on.wait_for(3);
    }
    const int last = on.ends;
    CHECK(last >= 3);
}

TEST_CASE("a stopped opening is interrupted regardless of its time limit") {
    counted_ends on;
    std::stop_source stop;
    const orm::opening_watch watch(duration::max(), stop.get_token(), [&] { ++on.ends; });
    CHECK(on.ends == 0);
    stop.request_stop();
    on.wait_for(1);
}

TEST_CASE("an opening that ends in time isn't interrupted") {
    counted_ends on;
    {
        const orm::opening_watch watch(duration::max(), {}, [&] { ++on.ends; });
    }
    CHECK(on.ends == 0);
}
