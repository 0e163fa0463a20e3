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

TEST_CASE("a missing figure is null with its reason") {
    const auto json = json_rows("http", measured());
    CHECK(json.find("\"go\":null},\"reasons\":{\"go\":\"Go can't run there\"}}") != std::string::npos);
    CHECK(shape_error(json) == "");
}

TEST_CASE("the table names every server with a figure, groups thousands and explains missing figures") {
    const auto shown = table(measured());
    CHECK(shown.find("flags  -O3 -DNDEBUG") != std::string::npos);
    CHECK(shown.find("weir  raw_epoll\n") != std::string::npos);
    CHECK(shown.find("2,500") != std::string::npos);
    CHECK(shown.find("600.2") != std::string::npos);
    CHECK(shown.find("-  go: Go can't run there (every figure)") != std::string::npos);
}

TEST_CASE("figures missing for the same reason share a line") {
    auto all = measured();
    all.rows.push_back(all.rows[0]);
    all.rows.push_back(all.rows[0]);
    all.rows[1].metric = "allocations";
    all.rows[2].metric = "cpu_us";
    all.rows[2].figures[2] = {.value = 1};
    CHECK(table(all).find("(plaintext instructions, plaintext allocations)") != std::string::npos);
}

TEST_CASE("a case without any figure of a server is named once, and servers missing the same are grouped") {
    auto all = measured();
    all.servers.push_back("nginx");
    all.rows[0].figures = {{2500}, {600}, {1}, {2}};
    for (const char* metric : {"instructions", "cpu_us"})
        all.rows.push_back({"echo", metric, "u", {{1}, {1}, {.reason = "no JSON"}, {.reason = "no JSON"}}});
    CHECK(table(all).find("  -  go, nginx: no JSON (echo)\n") != std::string::npos);
}

TEST_CASE("the table of goals says of each whether it is met") {
    auto all = measured();
    all.rows.push_back({"echo", "cpu_over_raw", "ratio", {{1.204}, {1}, {1.5}}});
    all.rows.push_back({"idle", "bytes", "B", {{.reason = "it fell over"}, {1}, {2}}});
    all.goals = {{"plain", "plaintext", "instructions", 5000, 3500},
                 {"plainer", "plaintext", "instructions", 2499, 1000},
                 {"ratio", "echo", "cpu_over_raw", 1.2, 1.08},
                 {"memory", "idle", "bytes", 1024, {}},
                 {"elsewhere", "conn2000", "cpu_us", 1, {}}};
    const auto shown = table(all);
    CHECK(shown.find("plain    met, aim too  5,000  3,500  2,500") != std::string::npos);
    CHECK(shown.find("plainer  MISSED        2,499  1,000  2,500") != std::string::npos);
    CHECK(shown.find("ratio    met           1.200  1.080  1.204") != std::string::npos); // as printed with 2 digits
    CHECK(shown.find("memory   not measured  1,024      -      -") != std::string::npos);
    CHECK(shown.find("elsewhere") == std::string::npos);
    CHECK(shown.find("musts: 2 met, 1 missed, 2 not measured in this run") != std::string::npos);
}

TEST_CASE("without goals there is no table of goals") { CHECK(table(measured()).find("musts") == std::string::npos); }

TEST_CASE("figures are readable at every size") {
    auto sized = measured();
    sized.rows[0].figures = {{1234567}, {-1000.4}, {12.345}};
    const auto shown = table(sized);
    CHECK(shown.find("1,234,567") != std::string::npos);
    CHECK(shown.find("-1,000 ") != std::string::npos);
    CHECK(shown.find("12.35") != std::string::npos);
}

TEST_CASE("rows in another format are refused with the reason") {
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
