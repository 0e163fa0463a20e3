// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/describe.hpp>
#include <weir/reflect/struct_schema.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

/// Finds the rules of a struct's members in its schema and those of its bases, and checks schemas at compile time.
namespace weir::reflect::detail {

template<template<class> class Template, class Type>
inline constexpr bool is_a = false;
template<template<class> class Template, class Argument>
inline constexpr bool is_a<Template, Template<Argument>> = true;

template<class T>
using schema_of = std::remove_cvref_t<decltype(schema<T>)>;

template<class T>
inline constexpr bool has_schema = !std::same_as<schema_of<T>, no_schema>;

template<class T>
inline constexpr std::size_t entry_count = 0;
template<class T>
    requires has_schema<T>
inline constexpr std::size_t entry_count<T> = std::tuple_size_v<decltype(schema<T>.entries)>;

// The number of a schema's entries for a member, and the index of the first.
struct entry_match {
    std::size_t index = 0;
    std::size_t count = 0;
};

template<class T, auto Member>
consteval entry_match match_entry() {
    entry_match match;
    if constexpr (has_schema<T>) {
        [&match]<std::size_t... J>(std::index_sequence<J...>) {
            const auto consider = [&match](std::size_t entry, bool same) {
                if (same && match.count++ == 0) match.index = entry;
            };
            (consider(J, same_member(Member, std::get<J>(schema<T>.entries).member)), ...);
        }
        (std::make_index_sequence<entry_count<T>>{});
    }
    return match;
}

template<class T, std::size_t Index>
inline constexpr auto pointer_at = members<T>::template at<Index>::pointer;

template<class T, class Pointer>
constexpr bool describes(Pointer member) {
    return [member]<std::size_t... I>(std::index_sequence<I...>) {
        return (same_member(pointer_at<T, I>, member) || ...);
    }
    (std::make_index_sequence<field_count<T>>{});
}

// The rules that the struct's own schema gives to a member.
template<class T, auto Member>
consteval auto own_rules() {
    constexpr entry_match match = match_entry<T, Member>();
    static_assert(match.count <= 1, "weir: a schema lists the same member twice");
    if constexpr (match.count == 0)
        return std::tuple<>{};
    else
        return std::get<match.index>(schema<T>.entries).rules;
}

template<class Left, class Right>
consteval bool same_kind() {
    if constexpr (requires { Left::name() == Right::name(); })
        return Left::name() == Right::name();
    else
        return std::same_as<Left, Right>;
}

template<class... Own, class Rule>
constexpr auto unless_replaced(const std::tuple<Own...>&, Rule rule) {
    if constexpr ((same_kind<Own, Rule>() || ...))
        return std::tuple<>{};
    else
        return std::tuple<Rule>(rule);
}

// A rule of the struct's own schema replaces the base's rule of that name.
template<class Own, class... Rules>
constexpr auto with_inherited(Own own, std::tuple<Rules...> inherited) {
    return std::apply([&](Rules... rule) { return std::tuple_cat(own, unless_replaced(own, rule)...); }, inherited);
}

template<class T, auto Member>
consteval auto rules_of();

template<auto Member, class Rules>
constexpr auto with_bases(Rules rules, boost::describe::detail::list<>) {
    return rules;
}
template<auto Member, class Rules, class First, class... Rest>
constexpr auto with_bases(Rules rules, boost::describe::detail::list<First, Rest...>) {
    using base = typename First::type;
    using rest = boost::describe::detail::list<Rest...>;
    if constexpr (describes<base>(Member))
        return with_bases<Member>(with_inherited(rules, rules_of<base, Member>()), rest{});
    else
        return with_bases<Member>(rules, rest{});
}

// The rules of a member, including those of described bases.
template<class T, auto Member>
consteval auto rules_of() {
    return with_bases<Member>(own_rules<T, Member>(), bases<T>{});
}

template<class T, std::size_t Index>
consteval bool key_at() {
    constexpr entry_match match = match_entry<T, pointer_at<T, Index>>();
    if constexpr (match.count == 0)
        return false;
    else
        return std::remove_cvref_t<decltype(std::get<match.index>(schema<T>.entries))>::is_key;
}

template<class T, bool Unique, class... Pointers>
constexpr bool part_is_sound(const schema_index<Unique, Pointers...>& part) {
    return std::apply([](auto... member) { return (describes<T>(member) && ...); }, part.members);
}
template<class T>
constexpr bool part_is_sound(const schema_check&) {
    return true;
}

template<class T>
consteval bool schema_is_sound();

template<class... Base>
consteval bool bases_are_sound(boost::describe::detail::list<Base...>) {
    return (schema_is_sound<typename Base::type>() && ...);
}

template<class T>
consteval bool schema_is_sound() {
    if constexpr (has_schema<T>) {
        using owner = typename schema_of<T>::owner;
        static_assert(std::is_void_v<owner> || std::is_base_of_v<owner, T>,
                      "weir: schema<T> lists members of another struct than T");
        constexpr std::size_t matched = []<std::size_t... I>(std::index_sequence<I...>) {
            return (std::size_t{0} + ... + match_entry<T, pointer_at<T, I>>().count);
        }
        (std::make_index_sequence<field_count<T>>{});
        static_assert(
            matched == entry_count<T>, "weir: schema<T> lists a member that BOOST_DESCRIBE_STRUCT of T doesn't");
        static_assert(std::apply([](const auto&... part) { return (part_is_sound<T>(part) && ...); }, schema<T>.parts),
                      "weir: an index of schema<T> is on a member that BOOST_DESCRIBE_STRUCT of T doesn't list");
    }
    return bases_are_sound(bases<T>{});
}

// Whether a member's rules contain this rule, or one made from this template.
template<class Rules, class Rule>
inline constexpr bool lists = false;
template<class... Rules, class Rule>
inline constexpr bool lists<std::tuple<Rules...>, Rule> = (std::same_as<Rules, Rule> || ...);
template<class Rules, template<class> class Rule>
inline constexpr bool lists_any = false;
template<class... Rules, template<class> class Rule>
inline constexpr bool lists_any<std::tuple<Rules...>, Rule> = (is_a<Rule, Rules> || ...);

} // namespace weir::reflect::detail
