// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: not_empty is for a string, a vector or a map
// expect WRONG_2: weir: max_length is for a string; a vector has max_items, a number has max
// expect WRONG_3: weir: range is for a number; a string has min_length and max_length
// expect WRONG_4: weir: this schema lists members of different structs
// expect WRONG_5: weir: schema<T> lists members of another struct than T
// expect WRONG_6: weir: a schema lists the same member twice
// expect WRONG_7: weir: an object() has no key; begin the schema with table("name")
// expect WRONG_8: weir: this struct isn't a table: weir::schema<T> = weir::table("name").key(&T::id)...
// expect WRONG_9: weir: this table has no key: add .key(&T::id) to its schema
// expect WRONG_10: weir: describe this struct first: BOOST_DESCRIBE_STRUCT(type, (), (first, second, ...))
// expect WRONG_11: weir: schema<T> lists a member that BOOST_DESCRIBE_STRUCT of T doesn't
// expect WRONG_12: weir: defaults(...) doesn't convert to the member's type
// expect WRONG_13: weir: min_items is for a vector or a map; a string has min_length
// expect WRONG_14: weir: a rule of this member has a holds() that doesn't take the member's type
// expect WRONG_15: weir: a rule of this member has a holds() that doesn't take the member's type
// expect WRONG_16: weir: schema<T> lists a member that BOOST_DESCRIBE_STRUCT of T doesn't
#include <weir/reflect/schema.hpp>

#include <string>
#include <vector>

struct todo {
    int id{};
    std::string text{};
    std::vector<int> tags{};
    int hidden{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text, tags))

struct other {
    int id{};
};
BOOST_DESCRIBE_STRUCT(other, (), (id))

struct plain {
    int id{};
};

struct derived : todo {};
BOOST_DESCRIBE_STRUCT(derived, (todo), ())

struct even {
    static constexpr std::string_view name() { return "even"; }
    template<class M>
    static constexpr void fit() {}
#ifdef WRONG_15
    bool holds(int value) { return value % 2 == 0; }
#else
    static bool holds(int value) { return value % 2 == 0; }
    static bool holds(long value) { return value % 2 == 0; }
#endif
    static std::string message() { return "must be even"; }
};

struct shown final {
    static constexpr std::string_view name() { return "shown"; }
    template<class M>
    static constexpr void fit() {}
};

#ifdef WRONG_5
template<>
inline constexpr auto weir::schema<other> = weir::object().field(&todo::id, weir::min(1));
#elif defined(WRONG_8)
template<>
inline constexpr auto weir::schema<other> = weir::object().field(&other::id, weir::min(1));
#elif defined(WRONG_9)
template<>
inline constexpr auto weir::schema<other> = weir::table("others").field(&other::id, weir::min(1));
#else
template<>
inline constexpr auto weir::schema<other> = weir::table("others").key(&other::id);
#endif

template<>
inline constexpr auto weir::schema<todo> =
    weir::object()
        .field(&todo::id, weir::min(1), weir::defaults(7), even{})
        .field(&todo::text, weir::not_empty, weir::max_length(9), shown{})
#ifdef WRONG_1
        .field(&todo::id, weir::not_empty)
#elif defined(WRONG_2)
        .field(&todo::tags, weir::max_length(3))
#elif defined(WRONG_3)
        .field(&todo::text, weir::range(1, 2))
#elif defined(WRONG_4)
        .field(&other::id, weir::min(1))
#elif defined(WRONG_6)
        .field(&todo::id, weir::max(9))
#elif defined(WRONG_7)
        .key(&todo::id)
#elif defined(WRONG_14)
        .field(&todo::tags, even{})
#elif defined(WRONG_11) || defined(WRONG_16)
        .field(&todo::hidden, weir::max(9))
#elif defined(WRONG_12)
        .field(&todo::tags, weir::defaults(7))
#elif defined(WRONG_13)
        .field(&todo::text, weir::min_items(3))
#endif
    ;

void use() {
#ifdef WRONG_16
    weir::reflect::for_each_field<derived>([](auto) {});
#else
    weir::reflect::for_each_field<todo>([](auto) {});
#endif
    weir::reflect::for_each_field<other>([](auto) {});
    static_assert(weir::reflect::table_name<other>() == "others");
    static_assert(weir::reflect::key_field<other>::name == "id");
#ifdef WRONG_10
    weir::reflect::for_each_field<plain>([](auto) {});
#endif
}
