// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/orm/aggregate.hpp>
#include <weir/orm/operations.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::orm {

namespace detail {

/// What a query reads from: tables whose rows are there, tables that a left join may leave without a row, and the
/// columns it is grouped by.
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
    // What E is in SQL.
    template<class E>
    static std::string sql() {
        return in_tables<all>(std::string(E::sql()), typename E::tables());
    }
    // Whether E has one value in each of the query's rows.
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

template<class Member, class V>
concept holds = std::same_as<Member, V> ||
    (std::integral<Member>&& std::integral<V> && !std::same_as<Member, bool> && !std::same_as<V, bool>);

template<class Scope, class Member, class E>
consteval bool check_column() {
    static_assert(holds<reflect::unwrap_optional<Member>, typename E::value_type>,
                  "weir: a member has another type than the column that is selected into it");
    static_assert(reflect::detail::is_optional<Member> || !Scope::template may_be_null<E>(),
                  "weir: what is selected into this member may be NULL: make it a std::optional");
    return true;
}

template<class Row, class Scope, class... Columns>
consteval bool check_columns() {
    constexpr bool aggregates = (Columns::is_aggregate || ...);
    static_assert(sizeof...(Columns) == width_of<Row>(), "weir: select(...) takes a column for each member");
    static_assert((Scope::template has<Columns>() && ...), "weir: a selected column's table isn't in the query");
    static_assert((Scope::template has_one<Columns>(aggregates) && ...),
                  "weir: a column that is selected beside aggregates has to be in group_by(...)");
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

// The table's column that has the name of the row's member.
template<class Table, class Row, std::size_t Index>
consteval auto namesake() {
    constexpr std::size_t at = index_of_name<Table>(reflect::field<Row, Index>::name);
    static_assert(at < reflect::field_count<Table>, "weir: the table has no column with the name of this member");
    return column<reflect::field<Table, at>::member>();
}

// An order's term, whose expression may be NULL for what the query reads as well.
template<class Scope, class Order>
order_term term_in(const Order& order) {
    order_term term = order.term();
    term.sql = Scope::template sql<typename Order::expression>();
    term.nullable = Scope::template may_be_null<typename Order::expression>();
    return term;
}

/// A selection with its columns, until it is known which database is asked.
struct columns_asked {
    const table_info* table;
    std::string columns;
    selection wanted;

    fragment of(const session& s) const { return select_columns(s, *table, columns, wanted); }
};

} // namespace detail

/// A query for some columns, or for values made of many rows, that arrive as Rows: described structs, whose members
/// are the columns in their order, or single values. Made by select().
template<class Row, class Source>
class projection {
public:
    projection(Source& source, const table_info& table, std::string columns, selection wanted)
        : source_(&source), asked_{&table, std::move(columns), std::move(wanted)} {}

    /// std::vector<Row>
    auto all() && {
        auto job = [asked = std::move(asked_)](session& s) { return detail::query_rows<Row>(s, asked.of(s)); };
        return source_->template perform<std::vector<Row>>(access::read, std::move(job));
    }

    /// Shows each row to `f(Row&)` and keeps none; see query::each.
    template<class F>
    auto each(F&& f) && {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        auto job = [asked = std::move(asked_), f = std::decay_t<F>(std::forward<F>(f))](session& s) mutable {
            return detail::visit<Row>(s, asked.of(s), f);
        };
        return source_->template perform<std::size_t>(access::read, std::move(job));
    }

    /// Row, the first; errc::not_found when there is none.
    auto one() && {
        asked_.wanted.limit = 1;
        auto job = [asked = std::move(asked_)](session& s) -> result<Row> {
            auto rows = detail::query_rows<Row>(s, asked.of(s));
            if (!rows) return detail::failed<Row>(rows.error());
            if (rows->empty()) return detail::failed<Row>(detail::no_row(*asked.table));
            return Row(std::move(rows->front()));
        };
        return source_->template perform<Row>(access::read, std::move(job));
    }

    /// std::optional<Row>, the first.
    auto first() && {
        asked_.wanted.limit = 1;
        auto job = [asked = std::move(asked_)](session& s) -> result<std::optional<Row>> {
            auto rows = detail::query_rows<Row>(s, asked.of(s));
            if (!rows) return rows.error();
            if (rows->empty()) return std::optional<Row>();
            return std::optional<Row>(std::move(rows->front()));
        };
        return source_->template perform<std::optional<Row>>(access::read, std::move(job));
    }

    /// The statement that `all()` runs on SQLite; others may put NULLs last in other words.
    std::string sql() const { return select_columns(*asked_.table, asked_.columns, asked_.wanted).sql; }

private:
    Source* source_;
    detail::columns_asked asked_;
};

} // namespace weir::orm
