// SPDX-License-Identifier: MIT
#include "http/server/server_events.hpp"

#include <weir/core/clock.hpp>
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using http::detail::server_event;
using http::detail::server_events;

TEST_CASE("each kind of event has at most one line per second, with the number of events") {
    manual_clock time;
    std::vector<std::string> lines;
    server_events events;
    events.log_to(
        logger(callback_sink([&](std::string_view line) { lines.emplace_back(line); }), {.asynchronous = false}));
    const auto note = [&](server_event what) { events.note(what, "a reason", time.now()); };
    for (int i = 0; i < 5; ++i) note(server_event::full);
    note(server_event::malformed);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find("too many are open") != std::string::npos);
    CHECK(lines[0].find(R"("why":"a reason","times":1)") != std::string::npos);
    CHECK(lines[1].find("malformed") != std::string::npos);
    time.advance(1s);
    note(server_event::full);
    REQUIRE(lines.size() == 3);
    CHECK(lines[2].find(R"("times":5)") != std::string::npos);
    CHECK(events.count(server_event::full) == 6);
    CHECK(events.count(server_event::malformed) == 1);
    CHECK(events.count(server_event::refused_by_address) == 0);
}
