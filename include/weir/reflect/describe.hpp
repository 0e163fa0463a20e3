// SPDX-License-Identifier: MIT
#pragma once

#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

/// Compile-time information on a struct: the names and member pointers listed by BOOST_DESCRIBE_STRUCT.
namespace weir::reflect {

/// A struct with BOOST_DESCRIBE_STRUCT(T, (bases), (members)).
template<class T>
concept described = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;

/// An enum with BOOST_DESCRIBE_ENUM(E, values...); its values appear in JSON, config and tables by name.
template<class E>
concept described_enum = std::is_enum_v<E> && boost::describe::has_describe_enumerators<E>::value;

namespace detail {

template<class T>
struct members {
    static_assert(described<T>,
                  "weir: describe this struct first: BOOST_DESCRIBE_STRUCT(type, (), (first, second, ...))");
    using list = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
    static constexpr std::size_t count = boost::mp11::mp_size<list>::value;

    template<std::size_t Index>
    using at = boost::mp11::mp_at_c<list, Index>;
};

// The bases that contribute to those members, as Boost's list of descriptors.
template<class T>
using bases = boost::describe::describe_bases<T, boost::describe::mod_public>;

template<class Pointer>
struct member_pointer;
template<class Value, class Owner>
struct member_pointer<Value Owner::*> {
    using value = Value;
    using owner = Owner;
};

template<class Left, class Right>
constexpr bool same_member(Left left, Right right) {
    if constexpr (std::same_as<Left, Right>)
        return left == right;
    else
        return false;
}

template<class T, auto Member>
consteval std::size_t index_in() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        std::size_t found = sizeof...(I);
        (void)((same_member(members<T>::template at<I>::pointer, Member) ? (found = I, true) : false) || ...);
        return found;
    }
    (std::make_index_sequence<members<T>::count>{});
}

template<auto Member>
consteval std::size_t index_of() {
    return index_in<typename member_pointer<decltype(Member)>::owner, Member>();
}

template<class Base, class... D>
consteval bool lists_base(boost::describe::detail::list<D...>) {
    return ((std::same_as<typename D::type, Base> || lists_base<Base>(bases<typename D::type>{})) || ...);
}

template<class T>
inline constexpr bool is_optional = false;
template<class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template<class T>
struct unwrap {
    using type = T;
};
template<class T>
struct unwrap<std::optional<T>> {
    using type = T;
};

} // namespace detail

/// The type itself, or an optional's value type.
template<class T>
using unwrap_optional = typename detail::unwrap<T>::type;

/// The number of described members, including those of described bases, which come first.
template<class T>
inline constexpr std::size_t field_count = detail::members<T>::count;

/// The name of a described member: `reflect::name_of<&todo::text>()` is "text".
template<auto Member>
consteval std::string_view name_of() {
    using owner = typename detail::member_pointer<decltype(Member)>::owner;
    constexpr std::size_t index = detail::index_of<Member>();
    static_assert(index < field_count<owner>, "weir: BOOST_DESCRIBE_STRUCT of this struct doesn't list the member");
    return detail::members<owner>::template at<index>::name;
}

/// Whether T is described as deriving from Base, directly or indirectly; T then has Base's members.
template<class T, class Base>
consteval bool has_base() {
    if constexpr (described<T>)
        return detail::lists_base<Base>(detail::bases<T>{});
    else
        return false;
}

/// The names of a described enum's values, in description order.
template<described_enum E>
inline constexpr auto enum_names = []<class... D>(boost::describe::detail::list<D...>) {
    return std::array<std::string_view, sizeof...(D)>{D::name...};
}(boost::describe::describe_enumerators<E>{});

/// The name of an enum's value; empty if the description lacks it.
template<described_enum E>
constexpr std::string_view enum_name(E value) {
    return [value]<class... D>(boost::describe::detail::list<D...>) {
        std::string_view found;
        (void)((D::value == value ? (found = D::name, true) : false) || ...);
        return found;
    }(boost::describe::describe_enumerators<E>{});
}

/// The value with this name, or nothing.
template<described_enum E>
constexpr std::optional<E> enum_value(std::string_view name) {
    return [name]<class... D>(boost::describe::detail::list<D...>) {
        std::optional<E> found;
        (void)((D::name == name ? (found = D::value, true) : false) || ...);
        return found;
    }(boost::describe::describe_enumerators<E>{});
}

} // namespace weir::reflect
