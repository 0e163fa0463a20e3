// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/column.hpp>

#include <string>
#include <type_traits>

namespace weir::orm {

enum class aggregate_kind : std::uint8_t { count, count_distinct, sum, avg, min, max };

namespace detail {

std::string aggregate_sql(aggregate_kind kind, std::string_view column, bool of_integers);

template<class V>
concept summable = std::is_arithmetic_v<V> && !std::same_as<V, bool>;
// Types with a smallest and a largest value. Flags and enums are stored in forms whose order means nothing.
template<class V>
concept ranked = summable<V> || std::same_as<V, std::string> || std::same_as<V, wall_time>;

template<aggregate_kind Kind, class V>
consteval auto aggregate_value() {
    if constexpr (Kind == aggregate_kind::min || Kind == aggregate_kind::max)
        return std::type_identity<V>();
    else if constexpr (Kind == aggregate_kind::avg || (Kind == aggregate_kind::sum && std::same_as<V, double>))
        return std::type_identity<double>();
    else
        return std::type_identity<std::int64_t>();
}

} // namespace detail

/// A value computed from the rows of a group, or from all rows of a query; see sum() and the functions beside it.
template<aggregate_kind Kind, auto Member>
struct aggregate {
    using column = orm::column<Member>;
    using tables = typename column::tables;
    using value_type = typename decltype(detail::aggregate_value<Kind, typename column::value_type>())::type;
    static constexpr bool is_aggregate = true;
    /// NULL without rows; counts and sums are 0 instead.
    static constexpr bool needs_rows =
        Kind == aggregate_kind::avg || Kind == aggregate_kind::min || Kind == aggregate_kind::max;
    static constexpr bool is_optional = needs_rows && column::is_optional;

    static const std::string& sql() {
        static const std::string made =
            detail::aggregate_sql(Kind, column::sql(), std::integral<typename column::value_type>);
        return made;
    }
};

/// The number of rows.
struct row_count {
    using tables = boost::mp11::mp_list<>;
    using value_type = std::int64_t;
    static constexpr bool is_aggregate = true;
    static constexpr bool needs_rows = false;
    static constexpr bool is_optional = false;

    static std::string sql() { return "count(*)"; }
};

/// Aggregates to select, to order by and to compare in having(). All of them ignore NULLs. Without rows sums are 0, and
/// avg, min and max are NULL. A sum of integers is exact and fails beyond 64 bits; an average is a double.
constexpr row_count count() { return {}; }
template<auto Member>
constexpr aggregate<aggregate_kind::count, Member> count(column<Member>) {
    return {};
}
template<auto Member>
constexpr aggregate<aggregate_kind::count_distinct, Member> count_distinct(column<Member>) {
    return {};
}
template<auto Member>
    requires detail::summable<typename column<Member>::value_type>
constexpr aggregate<aggregate_kind::sum, Member> sum(column<Member>) { return {}; }
template<auto Member>
    requires detail::summable<typename column<Member>::value_type>
constexpr aggregate<aggregate_kind::avg, Member> avg(column<Member>) { return {}; }
template<auto Member>
    requires detail::ranked<typename column<Member>::value_type>
constexpr aggregate<aggregate_kind::min, Member> min(column<Member>) { return {}; }
template<auto Member>
    requires detail::ranked<typename column<Member>::value_type>
constexpr aggregate<aggregate_kind::max, Member> max(column<Member>) { return {}; }

namespace detail {

template<class E>
concept aggregate_expression = requires {
    typename E::tables;
    requires E::is_aggregate;
};

template<class E, class V>
auto compare_group(std::string_view word, V&& right) {
    using made = boost::mp11::mp_rename<typename E::tables, group_predicate>;
    return made(compare(E::sql(), word, to_value<typename E::value_type>(std::forward<V>(right))));
}

template<class E, class V>
concept compares_group = aggregate_expression<E> && comparable<typename E::value_type, std::remove_cvref_t<V>>;

template<class E, bool Descending>
struct aggregate_order {
    using expression = E;
    using tables = typename E::tables;
    static constexpr bool is_aggregate = true;

    order_term term() const { return {E::sql(), Descending}; }
};

} // namespace detail

template<class E, class V>
    requires detail::compares_group<E, V>
auto operator==(E, V&& right) { return detail::compare_group<E>(" = ", std::forward<V>(right)); }
template<class E, class V>
    requires detail::compares_group<E, V>
auto operator!=(E, V&& right) { return detail::compare_group<E>(" <> ", std::forward<V>(right)); }
template<class E, class V>
    requires detail::compares_group<E, V>
auto operator<(E, V&& right) { return detail::compare_group<E>(" < ", std::forward<V>(right)); }
template<class E, class V>
    requires detail::compares_group<E, V>
auto operator<=(E, V&& right) { return detail::compare_group<E>(" <= ", std::forward<V>(right)); }
template<class E, class V>
    requires detail::compares_group<E, V>
auto operator>(E, V&& right) { return detail::compare_group<E>(" > ", std::forward<V>(right)); }
template<class E, class V>
    requires detail::compares_group<E, V>
auto operator>=(E, V&& right) { return detail::compare_group<E>(" >= ", std::forward<V>(right)); }

/// Orders by an aggregate: `order_by(desc(sum(col<&order::cents>)))`
template<detail::aggregate_expression E>
constexpr detail::aggregate_order<E, true> desc(E) {
    return {};
}
template<detail::aggregate_expression E>
constexpr detail::aggregate_order<E, false> asc(E) {
    return {};
}

} // namespace weir::orm

namespace weir {

using orm::asc;
using orm::avg;
using orm::count;
using orm::count_distinct;
using orm::desc;
using orm::sum; // min and max are schema rules too; those of columns are found by argument-dependent lookup

} // namespace weir
