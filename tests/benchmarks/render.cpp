// SPDX-License-Identifier: MIT
#include "report/render.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::bench;

namespace {

summary measured() {
    summary all;
    all.title = "http: on one core";
    all.facts = {"flags  -O3 -DNDEBUG"};
    all.servers = {"weir", "raw_epoll", "go"};
    all.rows = {{"plaintext", "instructions", "1/request", {{2500}, {600.25}, {.reason = "Go can't run there"}}}};
    return all;
}

} // namespace

TEST_CASE("a row of JSON has bench, case, metric, unit, weir and its peers") {
    auto complete = measured();
    complete.rows[0].figures[2] = {.value = 1.5};
    CHECK(json_rows("http", complete) ==
          "[\n {\"bench\":\"http\",\"case\":\"plaintext\",\"metric\":\"instructions\",\"unit\":\"1/request\","
          "\"weir\":2500,\"peers\":{\"raw_epoll\":600.25,\"go\":1.5}}\n]\n");
}

TEST_CASE("a missing figure is null and has its reason") {
    const auto json = json_rows("http", measured());
    CHECK(json.find("\"go\":null},\"reasons\":{\"go\":\"Go can't run there\"}}") != std::string::npos);
    CHECK(shape_error(json) == "");
}

TEST_CASE("the table names every server, groups thousands and explains what is missing") {
    const auto shown = table(measured());
    CHECK(shown.find("flags  -O3 -DNDEBUG") != std::string::npos);
    CHECK(shown.find("weir  raw_epoll  go") != std::string::npos);
    CHECK(shown.find("2,500") != std::string::npos);
    CHECK(shown.find("600.2") != std::string::npos);
    CHECK(shown.find("-  go: Go can't run there (every figure)") != std::string::npos);
}

TEST_CASE("rows that miss a figure for the same reason share a line") {
    auto all = measured();
    all.rows.push_back(all.rows[0]);
    all.rows.push_back(all.rows[0]);
    all.rows[1].metric = "allocations";
    all.rows[2].figures[2] = {.value = 1};
    CHECK(table(all).find("(plaintext instructions, plaintext allocations)") != std::string::npos);
}

TEST_CASE("figures are readable at every size") {
    auto sized = measured();
    sized.rows[0].figures = {{1234567}, {-1000.4}, {12.345}};
    const auto shown = table(sized);
    CHECK(shown.find("1,234,567") != std::string::npos);
    CHECK(shown.find("-1,000 ") != std::string::npos);
    CHECK(shown.find("12.35") != std::string::npos);
}

TEST_CASE("rows in another form are refused, with what is wrong") {
    CHECK(shape_error("{}") == "not a JSON array");
    CHECK(shape_error("[]") == "no rows");
    CHECK(shape_error("[1]") == "row 0: not an object");
    CHECK(shape_error(R"([{"bench":"http","case":"c","metric":"m"}])") == "row 0: no text under unit");
    CHECK(shape_error(R"([{"bench":"http","case":"c","metric":"m","unit":"u","peers":{}}])") ==
          "row 0: no member weir");
    CHECK(shape_error(R"([{"bench":"http","case":"c","metric":"m","unit":"u","weir":1}])") == "row 0: no object peers");
    CHECK(shape_error(R"([{"bench":"http","case":"c","metric":"m","unit":"u","weir":1,"peers":{"go":null}}])") ==
          "row 0: go is null without a reason");
    CHECK(shape_error(R"([{"bench":"http","case":"c","metric":"m","unit":"u","weir":"1","peers":{}}])") ==
          "row 0: the figure of weir is neither a number nor null");
}
