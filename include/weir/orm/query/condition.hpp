// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/value.hpp>
#include <weir/reflect/schema.hpp>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <boost/mp11/set.hpp>

#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace weir::orm {

/// A piece of SQL and the values of its question marks, in order; owns both. Table names in front of columns stand
/// between two marks, so that queries on one table can drop them: see selection.
struct fragment {
    std::string sql{};
    std::vector<value> values{};
    bool has_lists = false; ///< the SQL contains marked lists of values

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

template<class... T>
using tables = boost::mp11::mp_list<T...>;

template<class Base>
struct with_base {
    template<class Table>
    using fn = boost::mp11::mp_bool<reflect::has_base<Table, Base>()>;
};

/// The table that a struct's members belong to in a query on `Tables`: the struct's own, or that of the only struct
/// derived from it.
template<class Row, class Tables>
struct holder_of {
    using own = boost::mp11::mp_contains<Tables, Row>;
    using derived = boost::mp11::mp_copy_if_q<Tables, with_base<Row>>;
    using candidates = boost::mp11::mp_if<own, tables<Row>, derived>;
    static constexpr bool found = boost::mp11::mp_size<candidates>::value == 1;
    using type = boost::mp11::mp_first<boost::mp11::mp_push_back<candidates, void>>;
};

/// The name in front of a struct's columns, between marks. A base without a table uses its type's name until the query
/// determines the table.
template<class Row>
std::string_view table_title() {
    if constexpr (reflect::table_row<Row>)
        return reflect::table_name<Row>();
    else
        return typeid(Row).name();
}

/// The column's name after its table's name, which stands between marks.
std::string marked(std::string_view table, std::string_view column);
/// Replaces one table's marked name by another's.
std::string with_table(std::string sql, std::string_view from, std::string_view to);

/// Rewrites SQL on columns of Row as SQL on columns of Table, which may inherit them from Row.
template<class Row, class Table>
std::string as_columns_of(std::string sql) {
    if constexpr (std::same_as<Row, Table>)
        return sql;
    else
        return with_table(std::move(sql), table_title<Row>(), table_title<Table>());
}

/// Rewrites SQL on columns of several structs as SQL on the tables that have them.
template<class Tables, class... Row>
std::string in_tables(std::string sql, tables<Row...>) {
    ((sql = as_columns_of<Row, typename holder_of<Row, Tables>::type>(std::move(sql))), ...);
    return sql;
}
template<class Tables, class Rows>
fragment in_tables(fragment made, Rows rows) {
    made.sql = in_tables<Tables>(std::move(made.sql), rows);
    return made;
}

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

/// A condition on rows of T, or of several joined tables; made from columns, combined with `&&`, `||` and `!`. Its type
/// names the tables, so that a query rejects a condition on a table it doesn't read at compile time. Values are always
/// bound, never written into the SQL.
template<class... Tables>
class predicate : public detail::condition {
public:
    using condition::condition;

    /// Converts a condition on columns that these tables inherit from described bases.
    template<class... Rows>
        requires(!std::same_as<predicate, predicate<Rows...>> &&
                 (detail::holder_of<Rows, detail::tables<Tables...>>::found && ...))
    predicate(predicate<Rows...> on_bases)
        : condition(
              detail::in_tables<detail::tables<Tables...>>(std::move(on_bases).rendered(), detail::tables<Rows...>())) {
    }
};

/// A condition on groups of rows for having(), made from aggregates: `sum(col<&order::cents>) > 1000`.
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
    requires std::derived_from<Condition<Tables...>, detail::condition>
auto operator!(Condition<Tables...> inner) {
    return Condition<Tables...>(detail::negated(std::move(inner).rendered()));
}

} // namespace weir::orm

namespace weir {

using orm::predicate;

} // namespace weir
