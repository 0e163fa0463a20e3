// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/grouping.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::orm {

/// What two tables are joined on; made by on().
template<class... Tables>
struct join_condition {
    fragment made{};
};

/// `orders.rows().join<user>(on(col<&order::user_id> == col<&user::id>))`
template<class... Tables>
join_condition<Tables...> on(predicate<Tables...> condition) {
    return {std::move(condition).rendered()};
}

/// A query for rows of T together with those of other tables; made by a query's join() and left_join(). Conditions,
/// orders and selected columns are of these tables: those of another don't compile. A table joins a query once.
///
///     orders.where(col<&order::cents> > 1000)
///         .join<user>(on(col<&order::user_id> == col<&user::id>))
///         .where(col<&user::name>.like("张%"))
///         .select<order_line>(col<&order::id>, col<&user::name>)
template<class T, class Source, class Scope>
class joined_query {
public:
    joined_query(Source& source, selection wanted) : source_(&source), wanted_(std::move(wanted)) {}

    /// Rows of U that meet the condition, with which rows so far are paired; those without any are left out.
    template<class U, class... Tables>
    auto join(join_condition<Tables...> condition) && {
        return std::move(*this).template joined<U, detail::with_rows_of<Scope, U>, Tables...>(" JOIN ",
                                                                                              std::move(condition));
    }
    /// The same, but a row without a partner stays: what is selected of U is a std::optional.
    template<class U, class... Tables>
    auto left_join(join_condition<Tables...> condition) && {
        return std::move(*this).template joined<U, detail::with_maybe_rows_of<Scope, U>, Tables...>(
            " LEFT JOIN ", std::move(condition));
    }

    /// A further condition: all of them have to hold.
    template<class... Tables>
    joined_query where(predicate<Tables...> condition) && {
        static_assert((Scope::template reads<Tables> && ...), "weir: this condition's table isn't in the query");
        add_condition(wanted_.where, detail::in_tables<typename Scope::all>(std::move(condition).rendered(),
                                                                            detail::tables<Tables...>()));
        return std::move(*this);
    }

    /// A further order, where the ones before leave rows equal.
    template<class Order>
    joined_query order_by(Order order) && {
        static_assert(Scope::reads_each(typename Order::tables()), "weir: this order's table isn't in the query");
        static_assert(!Order::is_aggregate, "weir: rows are ordered by columns, groups by aggregates");
        add_order(wanted_.order, detail::term_in<Scope>(order));
        return std::move(*this);
    }

    joined_query limit(std::size_t rows) && { return wanted_.limit = rows, std::move(*this); }
    joined_query offset(std::size_t rows) && { return wanted_.offset = rows, std::move(*this); }

    template<auto... Members>
    auto group_by(column<Members>... keys) && {
        return detail::grouped<Scope>(*source_, table_of<T>(), std::move(wanted_), keys...);
    }

    /// Some columns as the members of a Row, in their order; or aggregates of all rows.
    template<class Row, class... Columns>
    projection<Row, Source> select(Columns...) && {
        static_assert(detail::check_columns<Row, Scope, Columns...>());
        return {*source_, table_of<T>(), detail::list_of<Scope, Columns...>(), std::move(wanted_)};
    }

    /// std::vector<T>: the first table's rows, each as often as it was paired.
    auto all() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_all<T>(s, select_rows(s, table_of<T>(), wanted));
        };
        return source_->template perform<std::vector<T>>(access::read, std::move(job));
    }

    /// std::int64_t, how many pairs there are; limit and offset don't count.
    auto count() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_value<std::int64_t>(s, select_count(table_of<T>(), wanted));
        };
        return source_->template perform<std::int64_t>(access::read, std::move(job));
    }

    /// The statement that `all()` runs on SQLite; others may put NULLs last in other words.
    std::string sql() const { return select_rows(table_of<T>(), wanted_).sql; }

private:
    template<class U, class Wider, class... Tables>
    joined_query<T, Source, Wider> joined(std::string_view word, join_condition<Tables...> condition) && {
        static_assert(!Scope::template reads<U>, "weir: a table joins a query once");
        static_assert((Wider::template reads<Tables> && ...), "weir: on(...) is about a table that isn't in the query");
        static_assert((std::same_as<U, typename Wider::template holder<Tables>> || ...),
                      "weir: on(...) says nothing about the table that joins");
        add_join(wanted_, word, reflect::table_name<U>(),
                 detail::in_tables<typename Wider::all>(std::move(condition.made), detail::tables<Tables...>()));
        return {*source_, std::move(wanted_)};
    }

    Source* source_;
    selection wanted_;
};

} // namespace weir::orm

namespace weir {

using orm::on;

} // namespace weir
