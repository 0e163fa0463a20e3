// SPDX-License-Identifier: MIT
#include "overload/chart.hpp"
#include "overload/open_loop.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir::bench;

TEST_CASE("a response is complete once its body is") {
    const std::string head = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\n";
    CHECK(whole_response("") == 0);
    CHECK(whole_response(head.substr(0, 20)) == 0);
    CHECK(whole_response(head + "abc") == 0);
    CHECK(whole_response(head + "abcd") == 503);
    CHECK(whole_response("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") == 200);
    CHECK_THROWS_AS(whole_response("HTTP/1.1 200 OK\r\n\r\n"), std::runtime_error);
    CHECK_THROWS_AS(whole_response("nonsense\r\ncontent-length: 0\r\n\r\n"), std::runtime_error);
}

TEST_CASE("an open loop doesn't start if no server listens") {
    std::uint16_t free = 0;
    { free = port_of(listen_on_loopback()); }
    CHECK_THROWS_AS(open_loop({.port = free, .per_second = 10}), std::runtime_error);
}

TEST_CASE("a chart has a line in both panels for each series, and its name") {
    const std::string svg =
        overload_chart({{"with_shed", "#123456", {{80, 79, 20}, {300, 97, 30}}}, {"without", "#654321", {}}});
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    std::size_t lines = 0;
    for (auto at = svg.find("stroke=\"#123456\""); at != std::string::npos; at = svg.find("stroke=\"#123456\"", at + 1))
        ++lines;
    CHECK(lines == 2);
    CHECK(svg.find(">with_shed</text>") != std::string::npos);
    CHECK(svg.find(">without</text>") != std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
}
