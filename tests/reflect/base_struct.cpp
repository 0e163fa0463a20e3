// SPDX-License-Identifier: MIT
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace {

struct signed_in {
    std::string name{};
    std::string token{};
    std::int32_t visits{};
};
BOOST_DESCRIBE_STRUCT(signed_in, (), (name, token, visits))

struct shopper : signed_in {
    std::int32_t age{};
};
BOOST_DESCRIBE_STRUCT(shopper, (signed_in), (age))

struct merchant : shopper {
    std::string shop{};
};
BOOST_DESCRIBE_STRUCT(merchant, (shopper), (shop))

struct dated {
    std::int64_t day{};
};
BOOST_DESCRIBE_STRUCT(dated, (), (day))

struct dated_merchant : merchant, dated {};
BOOST_DESCRIBE_STRUCT(dated_merchant, (merchant, dated), ())

template<class T>
std::string broken_rules(const T& value) {
    std::string rules;
    if (const auto checked = weir::validate(value); !checked)
        for (const auto& one : checked.error().details()) rules.append(one.field).append(" ").append(one.rule) += ";";
    return rules;
}

} // namespace

template<>
inline constexpr auto weir::schema<signed_in> =
    weir::object()
        .field(&signed_in::name, weir::not_empty, weir::max_length(5))
        .field(&signed_in::token, weir::not_required, weir::secret)
        .field(&signed_in::visits, weir::defaults(1));

template<>
inline constexpr auto weir::schema<merchant> =
    weir::object()
        .field(&merchant::shop, weir::not_empty)
        .field(&merchant::name, weir::max_length(8), weir::one_of("", "li"))
        .field(&merchant::visits, weir::defaults(7));

template<>
inline constexpr auto weir::schema<dated> = weir::object().field(&dated::day, weir::min(1));

TEST_CASE("a base struct's rules apply to a derived struct without a schema") {
    CHECK(broken_rules(shopper{}) == "name not_empty;");
    shopper long_name;
    long_name.name = "longer";
    CHECK(broken_rules(long_name) == "name max_length;");
}

TEST_CASE("a derived struct has its base's defaults and optional members") {
    const auto read = weir::from_json<shopper>(R"({"name":"li","age":30})");
    REQUIRE(read.has_value());
    CHECK(read->visits == 1);
}

TEST_CASE("a base struct's secrets are hidden in derived structs") {
    shopper one;
    one.token = "abc";
    CHECK(weir::to_log_json(one) == R"({"name":"","token":"***","visits":0,"age":0})");
}

TEST_CASE("a struct's rules are added to those of its bases and replace those of the same name") {
    merchant one;
    one.token = "abc";
    CHECK(broken_rules(one) == "name not_empty;shop not_empty;");
    one.name = "longer";
    one.shop = "s";
    CHECK(broken_rules(one) == "name one_of;");
    one.name = "much longer";
    CHECK(broken_rules(one) == "name max_length;name one_of;");
    CHECK(weir::to_log_json(one).find("abc") == std::string::npos);
    CHECK(weir::from_json<merchant>(R"({"name":"li","age":30,"shop":"s"})").value().visits == 7);
}

TEST_CASE("the rules of all direct and indirect bases apply") {
    CHECK(broken_rules(dated_merchant{}) == "name not_empty;shop not_empty;day min;");
}

TEST_CASE("a member's compile-time rules include those of its bases") {
    using name = weir::reflect::field<merchant, 0>;
    static_assert(name::name == "name" && name::has<weir::rules::not_empty>());
    CHECK(name::rule<weir::rules::max_length>().most == 8);
    CHECK(std::tuple_size_v<decltype(name::rules)> == 3);
}
