// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/value.hpp>

#include <boost/mp11/list.hpp>
#include <boost/mp11/set.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::orm {

/// A piece of SQL with its values in the order of its question marks. Owns both. Columns in it carry their tables'
/// names between two marks, for the queries that have to tell tables apart: see selection.
struct fragment {
    std::string sql{};
    std::vector<value> values{};

    fragment() noexcept;
    explicit fragment(std::string text) noexcept;
    fragment(std::string text, std::vector<value> bound) noexcept;
    fragment(const fragment& other);
    fragment(fragment&& other) noexcept;
    fragment& operator=(const fragment& other);
    fragment& operator=(fragment&& other) noexcept;
    ~fragment();

    fragment& append(std::string_view text);
    fragment& append(fragment other);
};

namespace detail {

fragment both(fragment left, std::string_view word, fragment right);
fragment negated(fragment inner);

class condition {
public:
    explicit condition(fragment made) : made_(std::move(made)) {}

    const fragment& rendered() const& noexcept { return made_; }
    fragment rendered() && noexcept { return std::move(made_); }

private:
    fragment made_;
};

} // namespace detail

/// A condition on rows of T, or of several tables where a query joins them; made from columns, combined with `&&`,
/// `||` and `!`. What it is about is in its type: a query takes no condition on a table that it doesn't read. The
/// values are always bound, never written into the SQL.
template<class... Tables>
class predicate : public detail::condition {
public:
    using condition::condition;
};

/// A condition on groups of rows, made from aggregates: `sum(col<&order::cents>) > 1000`. For having().
template<class... Tables>
class group_predicate : public detail::condition {
public:
    using condition::condition;
};

template<template<class...> class Condition, class... Left, class... Right>
    requires std::derived_from<Condition<Left...>, detail::condition>
auto operator&&(Condition<Left...> left, Condition<Right...> right) {
    using made = boost::mp11::mp_set_union<Condition<Left...>, Condition<Right...>>;
    return made(detail::both(std::move(left).rendered(), " AND ", std::move(right).rendered()));
}

template<template<class...> class Condition, class... Left, class... Right>
    requires std::derived_from<Condition<Left...>, detail::condition>
auto operator||(Condition<Left...> left, Condition<Right...> right) {
    using made = boost::mp11::mp_set_union<Condition<Left...>, Condition<Right...>>;
    return made(detail::both(std::move(left).rendered(), " OR ", std::move(right).rendered()));
}

template<template<class...> class Condition, class... Tables>
    requires std::derived_from<Condition<Tables...>, detail::condition> Condition<Tables...>
operator!(Condition<Tables...> inner) { return Condition<Tables...>(detail::negated(std::move(inner).rendered())); }

} // namespace weir::orm

namespace weir {

using orm::predicate;

} // namespace weir
