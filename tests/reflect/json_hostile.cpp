// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

using weir::errc;
using weir::from_json;

namespace {

struct nested_list {
    std::vector<nested_list> c{};
};
BOOST_DESCRIBE_STRUCT(nested_list, (), (c))

struct note {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(note, (), (text))

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

std::string nested_lists(std::size_t depth) { return repeated("[", depth) + repeated("]", depth); }

// A nested_list has two levels of JSON, an object and a list, per level of nesting.
std::string nested_trees(std::size_t objects) {
    return repeated(R"({"c":[)", objects - 1) + R"({"c":[]})" + repeated("]}", objects - 1);
}

template<class T>
std::string refusal_message(std::string_view text, weir::json_options options = {}) {
    const auto read = from_json<T>(text, options);
    REQUIRE(read.has_error());
    CHECK(read.error() == errc::invalid_argument);
    return std::string(read.error().message());
}

} // namespace

TEST_CASE("a megabyte of opening brackets is refused at level 65") {
    const std::string brackets(1 << 20, '[');
    CHECK(refusal_message<nested_list>(brackets) == "expected object (and 1 more)");
    CHECK(refusal_message<note>(R"({"x":)" + brackets) == "x: nested deeper than 64");
    CHECK(refusal_message<nested_list>(repeated(R"({"c":[)", 1 << 18)).ends_with("c[0].c[0]: nested deeper than 64"));
}

TEST_CASE("64 levels are accepted and 65 are refused, in used and in ignored values") {
    CHECK(from_json<nested_list>(nested_trees(32)).has_value());
    CHECK(from_json<nested_list>(nested_trees(33)).has_error());
    CHECK(from_json<note>(R"({"text":"","x":)" + nested_lists(63) + "}").has_value());
    CHECK(refusal_message<note>(R"({"text":"","x":)" + nested_lists(64) + "}") == "x: nested deeper than 64");
}

TEST_CASE("the depth is an option") {
    CHECK(from_json<std::vector<int>>("[1]", {.max_depth = 1}).has_value());
    CHECK(refusal_message<std::vector<std::vector<int>>>("[[]]", {.max_depth = 1}) == "[0]: nested deeper than 1");
    CHECK(from_json<nested_list>(nested_trees(100), {.max_depth = 200}).has_value());
    CHECK(from_json<nested_list>(nested_trees(101), {.max_depth = 200}).has_error());
}

TEST_CASE("ill-formed UTF-8 is refused in values, in names and in ignored members") {
    for (const char* bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE5\xBC", "a\x80",
                            "a long run of plain text before it \xFF and behind it, more than a vector"}) {
        const std::string text(bad);
        CHECK(refusal_message<note>(R"({"text":")" + text + "\"}") == "text: string isn't valid UTF-8");
        CHECK(refusal_message<note>(R"({"text":"","x":[")" + text + "\"]}") == "x: string isn't valid UTF-8");
        CHECK(refusal_message<note>(R"({"text":"","x":{")" + text + "\":1}}") == "x: string isn't valid UTF-8");
        CHECK(refusal_message<note>("{\"" + text + "\":1}") == "string isn't valid UTF-8");
        CHECK(refusal_message<std::map<std::string, int>>("{\"" + text + "\":1}") == "string isn't valid UTF-8");
    }
    CHECK(refusal_message<note>("{\xFF}") == "expected a name in quotes at byte 1");
}

TEST_CASE("unpaired surrogate and broken escapes are refused") {
    for (const char* bad : {R"(\ud800)", R"(\ud800x)", R"(\ud800\n)", R"(\ud800\ud800)", R"(\ud800\u0041)", R"(\udc00)",
                            R"(\ud83d\ude0)", R"(\u12)", R"(\u12g4)", R"(\x41)", R"(\')", R"(\U0041)"}) {
        CAPTURE(bad);
        const auto read = from_json<note>(R"({"text":")" + std::string(bad) + "\"}");
        REQUIRE(read.has_error());
        CHECK(read.error().details()[0].field == "text");
        CHECK(read.error().details()[0].rule == "syntax");
    }
}

TEST_CASE("control characters are refused in strings, at every position of a vector") {
    for (char control = 0; control < 0x20; ++control)
        for (std::size_t before = 0; before < 40; before += 3) {
            const std::string text = std::string(before, 'a') + control + std::string(20, 'b');
            const auto read = from_json<note>(R"({"text":")" + text + "\"}");
            REQUIRE(read.has_error());
            CHECK(read.error().details()[0].field == "text");
        }
}

TEST_CASE("control characters that aren't white space are refused between values") {
    for (char control = 0; control < 0x20; ++control) {
        const bool space = control == '\t' || control == '\n' || control == '\r';
        CHECK(from_json<std::vector<int>>("[1," + std::string(1, control) + "2]").has_value() == space);
    }
}

TEST_CASE("every truncation of a document is refused") {
    for (std::size_t length = 0; length < shop::order_json.size(); ++length) {
        const std::string cut(shop::order_json.substr(
            0, length)); // a copy of exactly this size, so that a sanitizer detects reads past its end
        CHECK(from_json<shop::order>(cut).has_error());
    }
}

TEST_CASE("a document with one byte changed is accepted or refused, and accepted values can be written") {
    std::string text(shop::order_json);
    for (char& place : text) {
        const char before = place;
        for (const char change : {'\0', '"', '\\', '{', '}', '[', ']', ',', '1', '\x1b', '\xff'}) {
            place = change;
            if (const auto read = from_json<shop::order>(text))
                CHECK(from_json<shop::order>(weir::to_json(*read)).value() == *read);
        }
        place = before;
    }
}

TEST_CASE("numbers of a million digits yield an error or a number") {
    const std::string digits(1 << 20, '7');
    CHECK(from_json<double>(digits).has_error());
    CHECK(from_json<std::int64_t>(digits).has_error());
    CHECK(from_json<double>("0." + digits).value() == doctest::Approx(7.0 / 9));
    CHECK(from_json<double>("1e" + digits).has_error());
    CHECK(from_json<double>("1e-" + digits).value() == 0.0);
    CHECK(from_json<std::int64_t>("1e-" + digits).has_error());
}

TEST_CASE("a document larger than the buffer on the stack is parsed like a small one") {
    shop::order big = shop::whole_order();
    big.items.resize(1);
    for (int i = 0; i < 5000; ++i) big.discounts["coupon \"" + std::to_string(i)] = i / 8.0;
    const std::string text = weir::to_json(big);
    CHECK(from_json<shop::order>(text).value() == big);
    for (std::size_t size = 4000; size < 4200; ++size) {
        const std::string value(size, 'x');
        CHECK(from_json<note>(R"({"text":")" + value + "\"}").value().text == value);
    }
}
