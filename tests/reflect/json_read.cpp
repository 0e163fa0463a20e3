// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <unordered_map>

using weir::from_json;

namespace {

struct numbers {
    std::int8_t tiny{};
    std::uint8_t byte{};
    std::int16_t small{};
    std::uint32_t count{};
    std::int64_t big{};
    std::uint64_t huge{};
    float rough{};
    double fine{};
};
BOOST_DESCRIBE_STRUCT(numbers, (), (tiny, byte, small, count, big, huge, rough, fine))

struct paging {
    std::int32_t page{1};
    std::int32_t size{};
    std::string sort{"newest"};
    std::optional<std::string> q{};
};
BOOST_DESCRIBE_STRUCT(paging, (), (page, size, sort, q))

struct named {
    int a{};
    int ab{};
    int abc{};
    int abcd{};
    int abcdefg{};
    int abcdefgh{};
    int abcdefgh_abcdefgh{};
    int abcdefgh_xbcdefgh{};
};
BOOST_DESCRIBE_STRUCT(named, (), (a, ab, abc, abcd, abcdefg, abcdefgh, abcdefgh_abcdefgh, abcdefgh_xbcdefgh))

struct tree {
    std::string name{};
    std::vector<tree> children{};
};
BOOST_DESCRIBE_STRUCT(tree, (), (name, children))

struct product_code {
    int number = 0;

    bool operator==(const product_code&) const = default;
};

} // namespace

template<>
inline constexpr auto weir::schema<paging> =
    weir::object()
        .field(&paging::page, weir::not_required)
        .field(&paging::size, weir::defaults(20))
        .field(&paging::sort, weir::defaults("newest"));

template<>
struct weir::reflect::text_format<product_code> {
    static constexpr std::string_view expected = "product code like P-7";

    static std::optional<product_code> parse(std::string_view text) {
        if (text.size() != 3 || !text.starts_with("P-")) return {};
        return product_code{text[2] - '0'};
    }
    static void append(std::string& out, product_code code) { out += "P-" + std::to_string(code.number); }
};

TEST_CASE("a document fills a struct with all kinds of members") {
    const auto order = from_json<shop::order>(shop::order_json);
    REQUIRE(order.has_value());
    CHECK(*order == shop::whole_order());
}

TEST_CASE("white space and the order of members don't matter") {
    const auto item = from_json<shop::item>(" \t\r\n{ \"quantity\" :\n3 , \"product_id\"\t: 9 }\n ");
    REQUIRE(item.has_value());
    CHECK(*item == shop::item{9, 3, {}});
}

TEST_CASE("every integer type holds its limits") {
    const auto least = from_json<numbers>(
        R"({"tiny":-128,"byte":0,"small":-32768,"count":0,"big":-9223372036854775808,"huge":0,"rough":0,"fine":0})");
    REQUIRE(least.has_value());
    CHECK(least->tiny == -128);
    CHECK(least->small == -32768);
    CHECK(least->big == std::numeric_limits<std::int64_t>::min());
    const auto most = from_json<numbers>(
        R"({"tiny":127,"byte":255,"small":32767,"count":4294967295,"big":9223372036854775807,)"
        R"("huge":18446744073709551615,"rough":1.5,"fine":1.7976931348623157e308})");
    REQUIRE(most.has_value());
    CHECK(most->byte == 255);
    CHECK(most->count == 4294967295U);
    CHECK(most->big == std::numeric_limits<std::int64_t>::max());
    CHECK(most->huge == std::numeric_limits<std::uint64_t>::max());
    CHECK(most->rough == 1.5F);
    CHECK(most->fine == std::numeric_limits<double>::max());
}

TEST_CASE("floating-point numbers are rounded to nearest") {
    CHECK(from_json<double>("0.1").value() == 0.1);
    CHECK(from_json<double>("123456789012345678").value() == 123456789012345678.0);
    CHECK(from_json<double>("9007199254740993").value() == 9007199254740992.0);
    CHECK(from_json<double>("2.2250738585072011e-308").value() == 2.2250738585072011e-308);
    CHECK(from_json<double>("5e-324").value() == 5e-324);
    CHECK(from_json<double>("0.1" + std::string(2000, '0') + "1").value() == 0.1);
    CHECK(std::signbit(from_json<double>("-0").value()));
    CHECK(from_json<float>("16777217").value() == 16777216.0F);
}

TEST_CASE("a number below the type's smallest is zero") {
    CHECK(from_json<double>("1e-400").value() == 0.0);
    CHECK(from_json<double>("0." + std::string(400, '0') + "1").value() == 0.0);
    CHECK(from_json<double>("1e-99999999999999999999").value() == 0.0);
    CHECK(from_json<float>("1e-60").value() == 0.0F);
    CHECK(std::signbit(from_json<double>("-1e-400").value()));
}

TEST_CASE("minus zero is zero for every integer") {
    CHECK(from_json<std::uint8_t>("-0").value() == 0);
    CHECK(from_json<std::int64_t>("-0").value() == 0);
}

TEST_CASE("escapes and surrogate pairs become UTF-8") {
    CHECK(from_json<std::string>(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u5f20\ud83d\ude00")").value() ==
          "\"\\/\b\f\n\r\tAé张😀");
    CHECK(from_json<std::string>(R"("a\u0000b")").value() == std::string("a\0b", 3));
    CHECK(from_json<std::string>(R"("\u001a")").value() == "\x1a");
}

TEST_CASE("long strings arrive whole, escaped or not") {
    const std::string plain(10000, 'x');
    CHECK(from_json<std::string>('"' + plain + '"').value() == plain);
    CHECK(from_json<std::string>('"' + plain + R"(\n)" + plain + '"').value() == plain + '\n' + plain);
}

TEST_CASE("names of every length are distinguished") {
    const auto lengths = from_json<named>(
        R"({"a":1,"ab":2,"abc":3,"abcd":4,"abcdefg":5,"abcdefgh":6,)"
        R"("abcdefgh_abcdefgh":7,"abcdefgh_xbcdefgh":8})");
    REQUIRE(lengths.has_value());
    CHECK(weir::to_json(*lengths) == R"({"a":1,"ab":2,"abc":3,"abcd":4,"abcdefg":5,"abcdefgh":6,)"
                                     R"("abcdefgh_abcdefgh":7,"abcdefgh_xbcdefgh":8})");
    for (const char* near : {"", "b", "ax", "xb", "xbc", "abx", "axcd", "abcx", "abxdefg", "abcdefx", "abcdxfgh",
                             "abcdefgh_abcdefgx", "abcdefgh_abxdefgh", "xbcdefgh_abcdefgh", "abcdefgh-abcdefgh"}) {
        named ignored;
        const std::string text = "{\"" + std::string(near) + "\":9}";
        CHECK_MESSAGE(from_json(text, ignored, {.refuse_unknown = true, .partial = true}).has_error(), near);
    }
}

TEST_CASE("an escaped name is the same name") {
    CHECK(from_json<shop::customer>(R"({"n\u0061me":"Ada"})").value().name == "Ada");
}

TEST_CASE("missing members take their default or initialiser, or stay empty") {
    const auto query = from_json<paging>("{}");
    REQUIRE(query.has_value());
    CHECK(query->page == 1);
    CHECK(query->size == 20);
    CHECK(query->sort == "newest");
    CHECK(!query->q);
}

TEST_CASE("null empties an optional and is refused for other members") {
    CHECK(!from_json<shop::customer>(R"({"name":"Ada","email":null})").value().email);
    CHECK(!from_json<shop::customer>(R"({"name":null})"));
    CHECK(!from_json<shop::order>("null"));
}

TEST_CASE("unknown members are ignored whatever they contain, or refused") {
    constexpr std::string_view text =
        R"({"x":{"name":[1,{"name":null}]},"name":"Ada","y":[[],{}],"z":"","t":true,"n":-1.5e3,"u":null})";
    CHECK(from_json<shop::customer>(text).value().name == "Ada");
    const auto refused = from_json<shop::customer>(text, {.refuse_unknown = true});
    REQUIRE(refused.has_error());
    CHECK(refused.error().details().size() == 6);
    CHECK(refused.error().details()[1] == weir::error_detail{"y", "unknown", "unknown member"});
}

TEST_CASE("maps accept any key, including the empty one and one with a NUL") {
    const auto map = from_json<std::unordered_map<std::string, int>>(R"({"":1,"a\u0000b":2,"a":3})");
    REQUIRE(map.has_value());
    CHECK(map->size() == 3);
    CHECK(map->at(std::string("a\0b", 3)) == 2);
}

TEST_CASE("a name with a NUL doesn't match the member whose name ends there") {
    const auto named = from_json<shop::customer>(R"({"name\u0000x":"Eve","name":"Ada"})");
    REQUIRE(named.has_value());
    CHECK(named->name == "Ada");
}

TEST_CASE("lists of lists, of optionals and of recursive structs are read") {
    CHECK(from_json<std::vector<std::vector<int>>>("[[1,2],[],[3]]").value() ==
          std::vector<std::vector<int>>{{1, 2}, {}, {3}});
    CHECK(from_json<std::vector<std::optional<int>>>("[1,null]").value() == std::vector<std::optional<int>>{1, {}});
    const auto root = from_json<tree>(R"({"name":"a","children":[{"name":"b","children":[]}]})");
    CHECK(root.value().children.at(0).name == "b");
}

TEST_CASE("times are read with offsets and to the microsecond") {
    using namespace std::chrono;
    const weir::wall_time noon = sys_days(year{2026} / 1 / 1) + hours{12};
    CHECK(from_json<weir::wall_time>(R"("2026-01-01T20:00:00.000001+08:00")").value() == noon + microseconds{1});
    CHECK(from_json<sys_seconds>(R"("2026-01-01T12:00:00.9Z")").value() == noon);
    CHECK(!from_json<time_point<std::chrono::system_clock, nanoseconds>>(R"("9999-01-01T00:00:00Z")"));
}

TEST_CASE("a user-defined type is read through its text_format") {
    CHECK(from_json<product_code>(R"("P-7")").value() == product_code{7});
    CHECK(weir::to_json(std::vector<product_code>{{7}, {8}}) == R"(["P-7","P-8"])");
    CHECK(from_json<product_code>(R"("Q-7")").error().message() == "expected product code like P-7");
}

TEST_CASE("a partial document changes only the members it names") {
    shop::customer ada{"Ada", "ada@example.com"};
    REQUIRE(from_json(R"({"email":null})", ada, {.partial = true}).has_value());
    CHECK(ada == shop::customer{"Ada", {}});
    paging query{.page = 3, .size = 7};
    REQUIRE(from_json(R"({"page":4})", query, {.partial = true}).has_value());
    CHECK(query.page == 4);
    CHECK(query.size == 7);
}

TEST_CASE("reading a list or map replaces its contents") {
    std::vector<int> list{1, 2, 3};
    REQUIRE(from_json("[4]", list).has_value());
    CHECK(list == std::vector<int>{4});
    std::map<std::string, int> map{{"old", 1}};
    REQUIRE(from_json(R"({"new":2})", map).has_value());
    CHECK(map == std::map<std::string, int>{{"new", 2}});
}
