// SPDX-License-Identifier: MIT
#include <weir/reflect/schema.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

struct todo {
    std::int64_t id{};
    std::string text{};
    std::optional<std::string> note{};
    bool done{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text, note, done))

struct stamped {
    std::string code{};
    std::int64_t version{};
};
BOOST_DESCRIBE_STRUCT(stamped, (), (code, version))

struct product : stamped {
    std::int32_t price_cents{};
};
BOOST_DESCRIBE_STRUCT(product, (stamped), (price_cents))

struct point {
    int x{};
    int y{};
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct seat {
    std::int64_t number{};
};
BOOST_DESCRIBE_STRUCT(seat, (), (number))

struct booking {
    std::int64_t id{};
    std::int64_t seat{};
    std::optional<std::int64_t> paid_with{};
    std::int64_t day{};
};
BOOST_DESCRIBE_STRUCT(booking, (), (id, seat, paid_with, day))

enum class colour { red, green };
BOOST_DESCRIBE_ENUM(colour, red, green)

} // namespace

template<>
inline constexpr auto weir::schema<todo> =
    weir::table("todos")
        .key(&todo::id)
        .field(&todo::text, weir::not_empty, weir::max_length(200), weir::unique)
        .field(&todo::note, weir::max_length(10), weir::defaults("none"));

template<>
inline constexpr auto weir::schema<product> =
    weir::table("products").key(&product::code).field(&product::price_cents, weir::range(1, 100), weir::secret);

template<>
inline constexpr auto weir::schema<seat> = weir::table("seats").key(&seat::number, weir::assigned);

template<>
inline constexpr auto weir::schema<booking> =
    weir::table("bookings")
        .key(&booking::id)
        .unique(&booking::seat, &booking::day)
        .field(&booking::seat, weir::references(&seat::number))
        .field(&booking::paid_with, weir::references(&booking::id, weir::on_delete::set_null))
        .index(&booking::day, &booking::paid_with)
        .check("day_is_known", "day > 0");

namespace reflect = weir::reflect;
namespace rules = weir::rules;

TEST_CASE("the fields of a struct are in description order, with their names") {
    std::vector<std::string_view> names;
    reflect::for_each_field<todo>([&](auto field) { names.push_back(field.name); });
    CHECK(names == std::vector<std::string_view>{"id", "text", "note", "done"});
    CHECK(reflect::field_count<todo> == 4);
}

TEST_CASE("a described base's members come first") {
    std::vector<std::string_view> names;
    reflect::for_each_field<product>([&](auto field) { names.push_back(field.name); });
    CHECK(names == std::vector<std::string_view>{"code", "version", "price_cents"});
}

TEST_CASE("a field accesses its member in an object") {
    todo item{.id = 7, .text = "milk"};
    reflect::for_each_field<todo>([&](auto field) {
        if constexpr (std::is_same_v<typename decltype(field)::value_type, std::string>) field.of(item) += "!";
    });
    CHECK(item.text == "milk!");
    CHECK(item.*reflect::key_member<todo> == 7);
}

TEST_CASE("a schema's rules are found by type and by template at compile time") {
    using text = reflect::field_of<&todo::text>;
    static_assert(text::has<rules::unique>() && text::has<rules::not_empty>() && !text::has<rules::secret>());
    static_assert(text::rule<rules::max_length>().most == 200);
    using note = reflect::field_of<&todo::note>;
    static_assert(note::is_optional && note::has<rules::defaults>() && !text::has<rules::defaults>());
    CHECK(note::rule<rules::defaults>().value == "none");
    CHECK(std::tuple_size_v<decltype(reflect::field_of<&todo::done>::rules)> == 0);
}

TEST_CASE("a table has a name and a key") {
    CHECK(reflect::table_name<todo>() == "todos");
    CHECK(reflect::key_field<todo>::name == "id");
    static_assert(reflect::field_of<&todo::id>::is_key && !reflect::field_of<&todo::text>::is_key);
    static_assert(reflect::table_row<todo> && !reflect::table_row<point>);
}

TEST_CASE("an inherited member can be the key") {
    CHECK(reflect::key_field<product>::name == "code");
    static_assert(reflect::key_field<product>::is_key);
}

TEST_CASE("integer keys are generated unless the program assigns them, text keys never") {
    CHECK(reflect::key_is_generated<todo>);
    CHECK(!reflect::key_is_generated<seat>);
    CHECK(!reflect::key_is_generated<product>);
}

TEST_CASE("a struct without a schema has fields without rules") {
    std::size_t rule_count = 0;
    reflect::for_each_field<point>([&](auto field) { rule_count += std::tuple_size_v<decltype(field.rules)>; });
    CHECK(rule_count == 0);
}

TEST_CASE("a member's name is found from its pointer") {
    CHECK(reflect::name_of<&point::y>() == "y");
    CHECK(reflect::name_of<&product::code>() == "code");
}

TEST_CASE("an enum's values and names map both ways") {
    CHECK(reflect::enum_name(colour::green) == "green");
    CHECK(reflect::enum_name(static_cast<colour>(9)).empty());
    CHECK(reflect::enum_value<colour>("red") == colour::red);
    CHECK(!reflect::enum_value<colour>("blue"));
    CHECK(reflect::enum_names<colour>.size() == 2);
}

TEST_CASE("keys, indexes and checks of a table may be listed between its members in any order") {
    std::vector<std::string> parts;
    const auto names_of = [](const auto&... member) {
        std::string names;
        (names.append(reflect::name_of_member<booking>(member)).append(" "), ...);
        return names;
    };
    reflect::for_each_part<booking>([&]<class Part>(const Part& part) {
        if constexpr (std::is_same_v<Part, reflect::schema_check>)
            parts.push_back(std::string(part.name) + ": " + std::string(part.condition));
        else
            parts.push_back((Part::is_unique ? "unique " : "index ") + std::apply(names_of, part.members));
    });
    CHECK(parts == std::vector<std::string>{"unique seat day ", "index day paid_with ", "day_is_known: day > 0"});
    CHECK(reflect::key_field<booking>::name == "id");
}

TEST_CASE("a reference knows its target and what happens on deletion") {
    using seat_field = reflect::field_of<&booking::seat>;
    constexpr auto plain = seat_field::rule<rules::references>();
    CHECK(plain.member == &seat::number);
    CHECK(plain.action == weir::on_delete::restrict);
    constexpr auto optional = reflect::field_of<&booking::paid_with>::rule<rules::references>();
    CHECK(optional.member == &booking::id);
    CHECK(optional.action == weir::on_delete::set_null);
}
