// SPDX-License-Identifier: MIT
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

// A type with arbitrary text from clients.
struct nickname {
    std::string text{};

    bool operator==(const nickname&) const = default;
};

struct profile {
    nickname name{};
    std::optional<nickname> other{};
};
BOOST_DESCRIBE_STRUCT(profile, (), (name, other))

struct dated_profile {
    weir::wall_time since{};
    nickname name{};
};
BOOST_DESCRIBE_STRUCT(dated_profile, (), (since, name))

struct holiday {
    std::chrono::sys_days day{};
    std::optional<std::chrono::sys_days> until{};
};
BOOST_DESCRIBE_STRUCT(holiday, (), (day, until))

} // namespace

template<>
struct weir::reflect::text_format<nickname> {
    static constexpr std::string_view expected = "a nickname";
    static std::optional<nickname> parse(std::string_view text) { return nickname{std::string(text)}; }
    static void append(std::string& out, const nickname& value) { out += value.text; }
};

TEST_CASE("the text of a user-defined format is escaped") {
    const profile sly{{"x\",\"admin\":\"true"}, nickname{"a\\b\nc\x01"}};
    CHECK(weir::to_json(sly) == R"({"name":"x\",\"admin\":\"true","other":"a\\b\nc\u0001"})");
    CHECK(weir::to_log_json(sly) == weir::to_json(sly));
}

TEST_CASE("ill-formed UTF-8 from a user-defined format is replaced") {
    CHECK(weir::to_json(profile{{"a\xFFz"}, {}}) == "{\"name\":\"a\xEF\xBF\xBDz\"}");
}

TEST_CASE("text that needs no escapes is written unchanged, at every length") {
    for (std::size_t size = 0; size < 100; ++size) {
        const std::string text(size, 'n');
        CHECK(weir::to_json(profile{{text}, {}}) == "{\"name\":\"" + text + "\"}");
        CHECK(weir::to_json(profile{{text + "\""}, {}}) == "{\"name\":\"" + text + "\\\"\"}");
        CHECK(weir::to_json(profile{{text + "张"}, {}}) == "{\"name\":\"" + text + "张\"}");
    }
    CHECK(weir::to_json(dated_profile{{}, {"n"}}) == R"({"since":"1970-01-01T00:00:00Z","name":"n"})");
}

TEST_CASE("text written by a format is read back, whatever it contains") {
    for (const char* text :
         {"", "plain", "\"", "\\\"", "\"},{\"", "\t\r\n", "张三\"", "a long run of plain text \" and more"}) {
        const profile one{{text}, nickname{text}};
        const auto read = weir::from_json<profile>(weir::to_json(one));
        REQUIRE(read.has_value());
        CHECK(read->name == one.name);
        CHECK(read->other == one.other);
    }
}

TEST_CASE("a day is a date without a time and reads back the same") {
    using namespace std::chrono_literals;
    const holiday spring{std::chrono::sys_days(2026y / 2 / 17), std::chrono::sys_days(2026y / 2 / 23)};
    const std::string text = R"({"day":"2026-02-17","until":"2026-02-23"})";
    CHECK(weir::to_json(spring) == text);
    const auto read = weir::from_json<holiday>(text);
    REQUIRE(read.has_value());
    CHECK(read->day == spring.day);
    CHECK(read->until == spring.until);
    CHECK(weir::from_json<holiday>(R"({"day":"2026-02-17T00:00:00Z"})").error().message() ==
          "day: expected date like 2026-01-31");
    CHECK(weir::from_json<holiday>(R"({"day":"2026-02-30"})").has_error());
}
