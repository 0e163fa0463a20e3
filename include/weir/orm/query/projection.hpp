// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/runnable.hpp>
#include <weir/orm/query/aggregate.hpp>

#include <string>

namespace weir::orm {

namespace detail {

/// The tables and grouping columns of a query. `Maybe` are the tables that a left join may leave without a row.
template<class Always, class Maybe = tables<>, class Keys = tables<>>
struct scope {
    using always = Always;
    using maybe = Maybe;
    using keys = Keys;
    static constexpr bool grouped = boost::mp11::mp_size<Keys>::value > 0;

    using all = boost::mp11::mp_append<Always, Maybe>;

    template<class Row>
    using holder = typename holder_of<Row, all>::type;
    template<class Row>
    static constexpr bool reads = holder_of<Row, all>::found;

    template<class... Table>
    static consteval bool reads_each(tables<Table...>) {
        return (reads<Table> && ...);
    }
    template<class... Table>
    static consteval bool reads_maybe(tables<Table...>) {
        return (boost::mp11::mp_set_contains<Maybe, holder<Table>>::value || ...);
    }

    template<class E>
    static consteval bool has() {
        return reads_each(typename E::tables());
    }
    // E as SQL.
    template<class E>
    static std::string sql() {
        return in_tables<all>(std::string(E::sql()), typename E::tables());
    }
    // Whether E has exactly one value per row of the result.
    template<class E>
    static consteval bool has_one(bool beside_aggregates) {
        if (E::is_aggregate) return true;
        return grouped ? boost::mp11::mp_contains<Keys, E>::value : !beside_aggregates;
    }
    template<class E>
    static consteval bool may_be_null() {
        if constexpr (E::is_aggregate)
            return E::is_optional || (E::needs_rows && (!grouped || reads_maybe(typename E::tables())));
        else
            return E::is_optional || reads_maybe(typename E::tables());
    }
};

template<class Scope, class U>
using with_rows_of = scope<boost::mp11::mp_push_back<typename Scope::always, U>, typename Scope::maybe>;
template<class Scope, class U>
using with_maybe_rows_of = scope<typename Scope::always, boost::mp11::mp_push_back<typename Scope::maybe, U>>;

template<class Row, std::size_t Index>
consteval auto member_at() {
    if constexpr (reflect::described<Row>)
        return std::type_identity<typename reflect::field<Row, Index>::value_type>();
    else
        return std::type_identity<Row>();
}

template<class Row>
consteval std::size_t width_of() {
    if constexpr (reflect::described<Row>)
        return reflect::field_count<Row>;
    else
        return 1;
}

template<class Left, class Right>
concept both_integers =
    std::integral<Left> && std::integral<Right> && !std::same_as<Left, bool> && !std::same_as<Right, bool>;

template<class Member, class V>
concept holds = std::same_as<Member, V> || both_integers<Member, V>;

template<class Scope, class Member, class E>
consteval bool check_column() {
    static_assert(holds<reflect::unwrap_optional<Member>, typename E::value_type>,
                  "weir: a member and the column selected into it differ in type");
    static_assert(reflect::detail::is_optional<Member> || !Scope::template may_be_null<E>(),
                  "weir: the value selected into this member may be NULL: make it a std::optional");
    return true;
}

template<class Row, class Scope, class... Columns>
consteval bool check_columns() {
    constexpr bool aggregates = (Columns::is_aggregate || ...);
    static_assert(sizeof...(Columns) == width_of<Row>(), "weir: select(...) takes a column for each member");
    static_assert((Scope::template has<Columns>() && ...), "weir: a selected column's table isn't in the query");
    static_assert((Scope::template has_one<Columns>(aggregates) && ...),
                  "weir: a column selected beside aggregates must be in group_by(...)");
    if constexpr (sizeof...(Columns) == width_of<Row>()) return []<std::size_t... I>(std::index_sequence<I...>) {
            return (check_column<Scope, typename decltype(member_at<Row, I>())::type, Columns>() && ...);
        }
    (std::index_sequence_for<Columns...>());
    else return false;
}

template<class Scope, class... Columns>
std::string list_of() {
    std::string list;
    ((list.append(list.empty() ? "" : ", ").append(Scope::template sql<Columns>())), ...);
    return list;
}

template<class Table>
consteval std::size_t index_of_name(std::string_view name) {
    std::size_t found = reflect::field_count<Table>;
    reflect::for_each_field<Table>([&](auto field) {
        if (field.name == name) found = field.index;
    });
    return found;
}

// The table's column with the same name as the row's member.
template<class Table, class Row, std::size_t Index>
consteval auto namesake() {
    constexpr std::size_t at = index_of_name<Table>(reflect::field<Row, Index>::name);
    static_assert(at < reflect::field_count<Table>, "weir: the table has no column with the name of this member");
    return column<reflect::field<Table, at>::member>();
}

// The term of an order, nullable if the query's joins can make it NULL.
template<class Scope, class Order>
order_term term_in(const Order& order) {
    order_term term = order.term();
    term.sql = Scope::template sql<typename Order::expression>();
    term.nullable = Scope::template may_be_null<typename Order::expression>();
    return term;
}

} // namespace detail

/// A query for some columns or aggregates that returns Rows: described structs, whose members are the columns in their
/// order, or single values. Made by select().
template<class Row, class Source>
class projection : private detail::runnable<Row, Source, detail::columns_request> {
    using runs = detail::runnable<Row, Source, detail::columns_request>;

public:
    projection(Source& source, const table_info& table, std::string columns, selection wanted)
        : runs(source, {&table, std::move(columns), std::move(wanted)}) {}

    /// std::vector<Row>
    using runs::all;
    /// Passes each row to `f(Row&)` and keeps none; see query::each.
    using runs::each;
    /// The first Row; errc::not_found if there is none.
    using runs::one;
    /// std::optional<Row>: the first.
    using runs::first;
    /// The statement that `all()` runs on SQLite; other databases may write NULLs-last differently.
    using runs::sql;
};

} // namespace weir::orm
