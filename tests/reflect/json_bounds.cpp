// SPDX-License-Identifier: MIT
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <unordered_map>

using weir::errc;
using weir::from_json;

namespace {

struct same_hash {
    std::size_t operator()(const std::string&) const { return 7; }
};
using flooded_map = std::unordered_map<std::string, int, same_hash>;

struct flooded {
    std::unordered_map<std::string, flooded_map> all{};
};
BOOST_DESCRIBE_STRUCT(flooded, (), (all))

struct large {
    std::optional<std::string> a{};
    std::optional<std::string> b{};
    std::optional<std::string> c{};
    std::optional<std::string> d{};
    std::optional<std::string> e{};
    std::optional<std::string> f{};
    std::optional<std::string> g{};
    std::optional<std::string> h{};
};
BOOST_DESCRIBE_STRUCT(large, (), (a, b, c, d, e, f, g, h))

struct pages {
    std::vector<std::vector<large>> lists{};
    std::map<std::string, large> named{};
};
BOOST_DESCRIBE_STRUCT(pages, (), (lists, named))

struct nest {
    std::vector<nest> in{};
};
BOOST_DESCRIBE_STRUCT(nest, (), (in))

std::string listed(std::string_view item, std::size_t times) {
    std::string text = "[";
    for (std::size_t i = 0; i < times; ++i) text.append(i == 0 ? "" : ",").append(item);
    return text + "]";
}

std::string numbered_names(std::size_t count) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "\"" : ",\"").append(std::to_string(i)).append("\":1");
    return text + "}";
}

std::string nested(std::size_t levels) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i) text += R"({"in":[)";
    for (std::size_t i = 0; i < levels; ++i) text += "]}";
    return text;
}

template<class T>
weir::error_detail only_mistake(std::string_view text, weir::json_options options = {}) {
    const auto read = from_json<T>(text, options);
    REQUIRE(read.has_error());
    CHECK(read.error() == errc::invalid_argument);
    REQUIRE(read.error().details().size() == 1);
    return read.error().details()[0];
}

} // namespace

TEST_CASE("too many names with the same hash are refused instead of compared with one another") {
    CHECK(from_json<flooded_map>(numbered_names(32)).value().size() == 32);
    const std::string text = numbered_names(100'000);
    const auto mistake = only_mistake<flooded_map>(text);
    CHECK(mistake.rule == "collisions");
    CHECK(mistake.message == "too many names with the same hash");
    CHECK(only_mistake<flooded>(R"({"all":{"x":)" + text + "}}").field.starts_with("all.x."));
}

TEST_CASE("an unordered map accepts many names that don't collide on purpose") {
    CHECK(from_json<std::unordered_map<std::string, int>>(numbered_names(100'000)).value().size() == 100'000);
    std::unordered_map<std::string, int> crowded;
    crowded.max_load_factor(20);
    REQUIRE(from_json(numbered_names(10'000), crowded).has_value());
    CHECK(crowded.size() == 10'000);
    CHECK(from_json<std::unordered_map<std::string, int>>(R"({"a":1,"a":2})").error().details()[0].rule == "duplicate");
}

TEST_CASE("a document can't grow to many times its size in memory") {
    const std::string text = listed("{}", 350'000);
    const auto mistake = only_mistake<std::vector<large>>(text);
    CHECK(mistake.rule == "expansion");
    CHECK(mistake.message == "the elements take more than 32 times the memory of the text");
    CHECK(mistake.field == "[" + std::to_string(text.size() * 32 / sizeof(large) - 3) + "]");
}

TEST_CASE("a list's first capacity and a map's elements count as memory") {
    CHECK(only_mistake<pages>(R"({"lists":)" + listed("[{}]", 100'000) + R"(,"named":{}})").rule == "expansion");
    std::string names = "{\"lists\":[],\"named\":{\"0\":{}";
    for (int i = 1; i < 100'000; ++i) names.append(",\"").append(std::to_string(i)).append("\":{}");
    CHECK(only_mistake<pages>(names + "}}").rule == "expansion");
}

TEST_CASE("the memory limit is an option, and a mebibyte is always allowed") {
    const std::string text = listed("{}", 100'000);
    CHECK(from_json<std::vector<large>>(text, {.max_expansion = 1000}).value().size() == 100'000);
    CHECK(only_mistake<std::vector<large>>(text, {.max_expansion = 50}).message.find(" 50 times ") !=
          std::string::npos);
    CHECK(from_json<std::vector<large>>(listed("{}", 3000), {.max_expansion = 0}).value().size() == 3000);
}

TEST_CASE("lists of numbers, of short strings and of lists stay far below the limit") {
    CHECK(from_json<std::vector<double>>(listed("1", 300'000)).value().size() == 300'000);
    CHECK(from_json<std::vector<std::string>>(listed("\"\"", 300'000)).value().size() == 300'000);
    CHECK(from_json<std::vector<std::vector<std::string>>>(listed("[]", 300'000)).value().size() == 300'000);
}

TEST_CASE("a depth limit takes no memory until a document is that deep") {
    const weir::json_options deep{.max_depth = 4'000'000'000};
    CHECK(only_mistake<nest>("{", deep).rule == "syntax");
    CHECK(from_json<nest>(nested(3000), deep).has_value());
    CHECK(only_mistake<nest>(nested(3000).substr(0, 3000 * 7), deep).rule == "syntax");
}
