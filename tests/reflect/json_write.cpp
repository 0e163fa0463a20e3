// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

#include <limits>

using weir::from_json;
using weir::to_json;

namespace {

struct account {
    std::string user{};
    std::string password{};
    std::optional<std::string> token{};
    std::vector<std::string> keys{};
};
BOOST_DESCRIBE_STRUCT(account, (), (user, password, token, keys))

struct vault {
    account owner{};
    std::vector<account> guests{};
};
BOOST_DESCRIBE_STRUCT(vault, (), (owner, guests))

struct nothing {};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

struct view {
    std::string_view name{};
    int rank{};
};
BOOST_DESCRIBE_STRUCT(view, (), (name, rank))

template<class Item>
struct page {
    std::vector<Item> items{};
    std::int64_t total{};

    BOOST_DESCRIBE_CLASS(page, (), (items, total), (), ())
};

template<class Number>
Number round_trip(Number value) {
    return from_json<Number>(to_json(value)).value();
}

} // namespace

template<>
inline constexpr auto weir::schema<account> =
    weir::object()
        .field(&account::password, weir::secret)
        .field(&account::token, weir::secret)
        .field(&account::keys, weir::secret);

TEST_CASE("a struct is written in the order of its description") {
    CHECK(to_json(shop::whole_order()) ==
          R"({"id":42,"state":"paid","price":19.5,"gift":true,"buyer":{"name":"张三","email":"z@example.com"},)"
          R"("items":[{"product_id":7,"quantity":2,"note":"red"},{"product_id":8,"quantity":1}],)"
          R"("discounts":{"new year":0.5,"vip":2},"created_at":"2026-11-23T08:47:12.250Z"})");
}

TEST_CASE("written JSON reads back the same") {
    CHECK(from_json<shop::order>(to_json(shop::whole_order())).value() == shop::whole_order());
}

TEST_CASE("text is appended to the string's contents") {
    std::string out = "data: ";
    to_json(std::vector<int>{1, 2}, out);
    CHECK(out == "data: [1,2]");
}

TEST_CASE("an empty optional member is omitted, an empty element is null") {
    CHECK(to_json(shop::customer{"Ada", {}}) == R"({"name":"Ada"})");
    CHECK(to_json(std::vector<std::optional<int>>{1, {}}) == "[1,null]");
    CHECK(to_json(std::optional<int>{}) == "null");
}

TEST_CASE("empty lists, maps and structs keep their brackets") {
    CHECK(to_json(std::vector<int>{}) == "[]");
    CHECK(to_json(std::map<std::string, int>{}) == "{}");
    CHECK(to_json(nothing{}) == "{}");
    CHECK(to_json(std::vector<nothing>(2)) == "[{},{}]");
    CHECK(from_json<nothing>("{}").has_value());
}

TEST_CASE("strings, keys and views are escaped") {
    CHECK(to_json(std::map<std::string, std::string>{{"a\"b", "c\n"}}) == R"({"a\"b":"c\n"})");
    CHECK(to_json(view{"a\\b", 1}) == R"({"name":"a\\b","rank":1})");
}

TEST_CASE("an undescribed enum value and a number that JSON can't represent are null") {
    CHECK(to_json(static_cast<shop::status>(99)) == "null");
    CHECK(to_json(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("a template can describe itself") {
    CHECK(to_json(page<shop::item>{{{1, 2, {}}}, 9}) == R"({"items":[{"product_id":1,"quantity":2}],"total":9})");
    CHECK(from_json<page<int>>(R"({"items":[1],"total":1})").value().items == std::vector<int>{1});
}

TEST_CASE("integers and floating-point numbers survive a round trip at their limits") {
    CHECK(round_trip(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
    CHECK(round_trip(std::numeric_limits<std::int64_t>::max()) == std::numeric_limits<std::int64_t>::max());
    CHECK(round_trip(std::numeric_limits<std::uint64_t>::max()) == std::numeric_limits<std::uint64_t>::max());
    for (const double value : {0.1, 1.0 / 3, 1e21, 1e-7, 123456789.125, 4.9406564584124654e-324,
                               std::numeric_limits<double>::max(), std::numeric_limits<double>::min()}) {
        CHECK(round_trip(value) == value);
        CHECK(round_trip(-value) == -value);
        CHECK(round_trip(static_cast<float>(value / 1e300)) == static_cast<float>(value / 1e300));
    }
}

TEST_CASE("secrets are written for clients and hidden from logs, at every level") {
    const account ada{"ada", "pass", "t0", {"k1", "k2"}};
    CHECK(to_json(ada) == R"({"user":"ada","password":"pass","token":"t0","keys":["k1","k2"]})");
    CHECK(weir::to_log_json(ada) == R"({"user":"ada","password":"***","token":"***","keys":"***"})");
    CHECK(weir::to_log_json(vault{ada, {{"eve", "", {}, {}}}}) ==
          R"({"owner":{"user":"ada","password":"***","token":"***","keys":"***"},)"
          R"("guests":[{"user":"eve","password":"***","keys":"***"}]})");
}
