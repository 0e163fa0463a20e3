// SPDX-License-Identifier: MIT
#include "resilience/outcome_window.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>

using namespace weir;
using namespace std::chrono_literals;
using resilience::detail::call_outcome;
using resilience::detail::outcome_window;

namespace {

constexpr time_point window_start{1000h};
constexpr call_outcome good_call{};
constexpr call_outcome bad_call{.failed = true};
constexpr call_outcome slow_call{.slow = true};

void record_many(outcome_window& window, int count, call_outcome one, time_point at = window_start) {
    for (int i = 0; i < count; ++i) window.record(one, at);
}

} // namespace

TEST_CASE("a window of calls contains the last ones, however old") {
    auto window = outcome_window::of_calls(4);
    CHECK(!window.reads_clock());
    CHECK(window.counts(window_start).calls == 0);
    record_many(window, 3, bad_call);
    record_many(window, 1, slow_call);
    CHECK(window.counts(window_start + 24h).calls == 4);
    CHECK(window.counts(window_start).failures == 3);
    record_many(window, 2, good_call);
    CHECK(window.counts(window_start).calls == 4);
    CHECK(window.counts(window_start).failures == 1);
    CHECK(window.counts(window_start).slow == 1);
    record_many(window, 2, good_call);
    CHECK(window.counts(window_start).failures == 0);
    CHECK(window.counts(window_start).slow == 0);
}

TEST_CASE("a window of one call contains the last one") {
    auto window = outcome_window::of_calls(1);
    record_many(window, 2, bad_call);
    CHECK(window.counts(window_start).failures == 1);
    record_many(window, 1, good_call);
    CHECK(window.counts(window_start).failures == 0);
    CHECK(window.counts(window_start).calls == 1);
}

TEST_CASE("a window of calls counts like one that stores every call") {
    auto window = outcome_window::of_calls(7);
    std::deque<call_outcome> kept;
    unsigned seed = 1;
    for (int i = 0; i < 1000; ++i) {
        seed = seed * 1'664'525 + 1'013'904'223;
        const call_outcome one{.failed = (seed >> 16) % 3 == 0, .slow = (seed >> 20) % 5 == 0};
        window.record(one, window_start);
        kept.push_back(one);
        if (kept.size() > 7) kept.pop_front();
        const auto& seen = window.counts(window_start);
        REQUIRE(seen.calls == kept.size());
        REQUIRE(seen.failures == static_cast<std::uint64_t>(std::ranges::count_if(kept, &call_outcome::failed)));
        REQUIRE(seen.slow == static_cast<std::uint64_t>(std::ranges::count_if(kept, &call_outcome::slow)));
    }
}

TEST_CASE("a window of time contains the calls of that time, within a sixtieth") {
    auto window = outcome_window::of_time(60s);
    CHECK(window.reads_clock());
    record_many(window, 5, bad_call, window_start);
    record_many(window, 3, good_call, window_start + 30s);
    CHECK(window.counts(window_start + 59s).calls == 8);
    CHECK(window.counts(window_start + 59s).failures == 5);
    CHECK(window.counts(window_start + 61s).calls == 3);
    CHECK(window.counts(window_start + 61s).failures == 0);
    CHECK(window.counts(window_start + 91s).calls == 0);
}

TEST_CASE("a window of time contains only its own buckets, even after long silence") {
    auto window = outcome_window::of_time(60s);
    record_many(window, 5, bad_call, window_start);
    record_many(window, 2, slow_call, window_start + 24h * 365);
    CHECK(window.counts(window_start + 24h * 365).calls == 2);
    CHECK(window.counts(window_start + 24h * 365).slow == 2);
    CHECK(window.counts(time_point::max()).calls == 0);
}

TEST_CASE("a window of time treats an earlier time as the present") {
    auto window = outcome_window::of_time(1s);
    record_many(window, 1, bad_call, window_start);
    record_many(window, 1, bad_call, window_start - 1h);
    CHECK(window.counts(window_start).calls == 2);
}

TEST_CASE("the shortest window of time has buckets of a nanosecond") {
    auto window = outcome_window::of_time(1ns);
    record_many(window, 1, bad_call, window_start);
    CHECK(window.counts(window_start + 59ns).calls == 1);
    CHECK(window.counts(window_start + 60ns).calls == 0);
}

TEST_CASE("a cleared window starts over") {
    for (auto window : {outcome_window::of_calls(3), outcome_window::of_time(3s)}) {
        record_many(window, 3, bad_call);
        window.clear();
        CHECK(window.counts(window_start).calls == 0);
        record_many(window, 4, good_call);
        CHECK(window.counts(window_start).failures == 0);
    }
}
