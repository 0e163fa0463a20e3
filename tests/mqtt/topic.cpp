// SPDX-License-Identifier: MIT
#include <weir/mqtt/topic.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::mqtt;

TEST_CASE("a topic is UTF-8 without NUL and wildcards, up to 65,535 bytes") {
    CHECK(check_topic("a"));
    CHECK(check_topic("/"));
    CHECK(check_topic("房间/307/灯"));
    CHECK(check_topic(std::string(65535, 'x')));
    CHECK(check_topic("").error().message() == "MQTT topic \"\" is empty");
    CHECK(check_topic(std::string(65536, 'x')).error() == errc::invalid_argument);
    CHECK(check_topic("a/+/b").error().message() == "MQTT topic \"a/+/b\" has the wildcard '+' at byte 2");
    CHECK(check_topic("a#").error() == errc::invalid_argument);
    CHECK(check_topic(std::string("a\0b", 3)).error().message() == "MQTT topic has a NUL at byte 1");
    CHECK(check_topic("\xff").error().message() == "MQTT topic isn't UTF-8");
}

TEST_CASE("a wildcard of a filter is a whole level, and # is the last one") {
    for (const char* fits : {"#", "+", "a/#", "+/+", "/+", "a/+/b", "a//b", "$SYS/#"}) CHECK(check_filter(fits));
    for (const char* wrong : {"", "a#", "#/a", "a/#/b", "+a", "a+/b", "##"})
        CHECK(check_filter(wrong).error() == errc::invalid_argument);
    CHECK(check_filter("a/#/b").error().message() == "MQTT filter \"a/#/b\" has '#' before the last level");
    CHECK(check_filter("a+/b").error().message() == "MQTT filter \"a+/b\" has a wildcard beside other characters");
}

TEST_CASE("filters select topics as the standard's examples say") {
    CHECK(matches("sport/tennis/player1/#", "sport/tennis/player1"));
    CHECK(matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    CHECK(matches("sport/#", "sport"));
    CHECK(matches("#", "a/b/c"));
    CHECK(matches("sport/tennis/+", "sport/tennis/player1"));
    CHECK_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    CHECK_FALSE(matches("sport/+", "sport"));
    CHECK(matches("sport/+", "sport/"));
    CHECK(matches("+/+", "/finance"));
    CHECK(matches("/+", "/finance"));
    CHECK_FALSE(matches("+", "/finance"));
    CHECK_FALSE(matches("#", "$SYS/uptime"));
    CHECK_FALSE(matches("+/uptime", "$SYS/uptime"));
    CHECK(matches("$SYS/#", "$SYS/uptime"));
    CHECK_FALSE(matches("a/b", "a"));
    CHECK_FALSE(matches("a", "a/b"));
    CHECK(matches("a//b", "a//b"));
    CHECK_FALSE(matches("a/b", "a//b"));
}
