// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/describe.hpp>
#include <weir/reflect/detail/schema_rules.hpp>
#include <weir/reflect/rules.hpp>
#include <weir/reflect/struct_schema.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::reflect {

/// A described member with its rules. An empty type: everything is static and constexpr, so inside `[](auto field) {
/// ... }` all of it works in `if constexpr` and as template arguments.
template<class T, std::size_t Index>
struct field {
    using owner = T;
    using value_type = typename detail::member_pointer<std::remove_cv_t<decltype(detail::pointer_at<T, Index>)>>::value;

    static constexpr std::size_t index = Index;
    static constexpr std::string_view name = detail::members<T>::template at<Index>::name;
    static constexpr auto member = detail::pointer_at<T, Index>;
    static constexpr auto rules = detail::rules_of<T, member>(); ///< a std::tuple; includes rules from described bases
    static constexpr bool is_key = detail::key_at<T, Index>();
    static constexpr bool is_optional = detail::is_optional<value_type>;

    /// Whether the member has a rule of this type: `field.template has<rules::unique>()`.
    template<class Rule>
    static consteval bool has() {
        return detail::lists<std::remove_cv_t<decltype(rules)>, Rule>;
    }

    /// The same for a rule template: `field.template has<rules::defaults>()`.
    template<template<class> class Rule>
    static consteval bool has() {
        return detail::lists_any<std::remove_cv_t<decltype(rules)>, Rule>;
    }

    /// The first rule made from this template: `field.template rule<rules::defaults>().value`.
    template<template<class> class Rule>
    static consteval auto rule() {
        static_assert(has<Rule>(), "weir: this member has no such rule");
        return first<Rule, 0>();
    }

    /// The first rule of this type: `field.template rule<rules::max_length>().most`.
    template<class Rule>
    static consteval Rule rule() {
        return std::get<Rule>(rules);
    }

    static constexpr value_type& of(T& object) { return object.*member; }
    static constexpr const value_type& of(const T& object) { return object.*member; }

private:
    template<template<class> class Rule, std::size_t At>
    static consteval auto first() {
        if constexpr (detail::is_a<Rule, std::tuple_element_t<At, std::remove_cv_t<decltype(rules)>>>)
            return std::get<At>(rules);
        else
            return first<Rule, At + 1>();
    }
};

/// Calls `f(field<T, I>{})` for each described member in order.
template<class T, class F>
constexpr void for_each_field(F&& f) {
    static_assert(detail::schema_is_sound<T>());
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(field<T, I>{}), ...); }
    (std::make_index_sequence<field_count<T>>{});
}

/// Calls `f(part)` for each `.unique(...)`, `.index(...)` and `.check(...)` of a table's schema.
template<class T, class F>
constexpr void for_each_part(F&& f) {
    std::apply([&](const auto&... part) { (f(part), ...); }, schema<T>.parts);
}

/// The name of a described member known only at run time; empty if the description lacks it.
template<class T, class Pointer>
constexpr std::string_view name_of_member(Pointer member) {
    std::string_view found;
    for_each_field<T>([&](auto field) {
        if (detail::same_member(field.member, member)) found = field.name;
    });
    return found;
}

/// The descriptor of a member: `reflect::field_of<&todo::text>::has<rules::unique>()`.
template<auto Member>
using field_of = field<typename detail::member_pointer<decltype(Member)>::owner, detail::index_of<Member>()>;

/// The same for a member that T may inherit from a described base.
template<class T, auto Member>
using field_in = field<T, detail::index_in<T, Member>()>;

/// A described struct whose schema begins with weir::table("name").
template<class T>
concept table_row = described<T> && detail::schema_of<T>::is_table;

/// The name passed to weir::table("name").
template<class T>
consteval std::string_view table_name() {
    static_assert(
        table_row<T>, "weir: this struct isn't a table: weir::schema<T> = weir::table(\"name\").key(&T::id)...");
    return schema<T>.name;
}

namespace detail {

template<class T>
consteval std::size_t key_index() {
    static_assert(
        table_row<T>, "weir: this struct isn't a table: weir::schema<T> = weir::table(\"name\").key(&T::id)...");
    static_assert(schema_of<T>::keys == 1, "weir: this table has no key: add .key(&T::id) to its schema");
    static_assert(schema_is_sound<T>());
    std::size_t found = 0;
    for_each_field<T>([&](auto field) {
        if (field.is_key) found = field.index;
    });
    return found;
}

} // namespace detail

/// The descriptor of a table's key.
template<class T>
using key_field = field<T, detail::key_index<T>()>;

/// The member pointer of a table's key.
template<class T>
inline constexpr auto key_member = key_field<T>::member;

/// Whether the database generates the key: an integer that isn't `assigned`.
template<class T>
inline constexpr bool key_is_generated =
    std::integral<typename key_field<T>::value_type> && !key_field<T>::template has<rules::assigned>();

} // namespace weir::reflect
