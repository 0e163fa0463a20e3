// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/grouping.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::orm {

/// The condition of a join; made by on().
template<class... Tables>
struct join_condition {
    fragment made{};
};

/// Makes a join condition: `orders.rows().join<user>(on(col<&order::user_id> == col<&user::id>))`
template<class... Tables>
join_condition<Tables...> on(predicate<Tables...> condition) {
    return {std::move(condition).rendered()};
}

/// A query on rows of T joined with other tables; made by a query's join() and left_join(). Conditions, orders and
/// selected columns must be of these tables: others fail to compile. A table can be joined once per query.
///
///     orders.where(col<&order::cents> > 1000)
///         .join<user>(on(col<&order::user_id> == col<&user::id>))
///         .where(col<&user::name>.like("张%"))
///         .select<order_line>(col<&order::id>, col<&user::name>)
template<class T, class Source, class Scope>
class joined_query : private detail::runnable<T, Source, detail::rows_request<T>> {
    using runs = detail::runnable<T, Source, detail::rows_request<T>>;

public:
    joined_query(Source& source, selection wanted) : runs(source, {std::move(wanted)}) {}

    /// Joins rows of U that meet the condition; rows without a partner are left out.
    template<class U, class... Tables>
    auto join(join_condition<Tables...> condition) && {
        return std::move(*this).template joined<U, detail::with_rows_of<Scope, U>, Tables...>(
            " JOIN ", std::move(condition));
    }
    /// The same, but keeps rows without a partner: what is selected from U is a std::optional.
    template<class U, class... Tables>
    auto left_join(join_condition<Tables...> condition) && {
        return std::move(*this).template joined<U, detail::with_maybe_rows_of<Scope, U>, Tables...>(
            " LEFT JOIN ", std::move(condition));
    }

    /// Adds a condition; all of them must hold.
    template<class... Tables>
    joined_query where(predicate<Tables...> condition) && {
        static_assert((Scope::template reads<Tables> && ...), "weir: this condition's table isn't in the query");
        add_condition(
            asked_.wanted.where,
            detail::in_tables<typename Scope::all>(std::move(condition).rendered(), detail::tables<Tables...>()));
        return std::move(*this);
    }

    /// Adds an order after the previous ones.
    template<class Order>
    joined_query order_by(Order order) && {
        static_assert(Scope::reads_each(typename Order::tables()), "weir: this order's table isn't in the query");
        static_assert(!Order::is_aggregate, "weir: rows are ordered by columns, groups by aggregates");
        add_order(asked_.wanted.order, detail::term_in<Scope>(order));
        return std::move(*this);
    }

    joined_query limit(std::size_t rows) && {
        asked_.wanted.limit = rows;
        return std::move(*this);
    }
    joined_query offset(std::size_t rows) && {
        asked_.wanted.offset = rows;
        return std::move(*this);
    }

    template<auto... Members>
    auto group_by(column<Members>... keys) && {
        return detail::grouped<Scope>(*source_, table_of<T>(), std::move(asked_.wanted), keys...);
    }

    /// Selects columns as the members of a Row, in their order; or aggregates of all rows.
    template<class Row, class... Columns>
    projection<Row, Source> select(Columns...) && {
        static_assert(detail::check_columns<Row, Scope, Columns...>());
        return {*source_, table_of<T>(), detail::list_of<Scope, Columns...>(), std::move(asked_.wanted)};
    }

    /// std::vector<T>: the first table's rows, one per pair.
    using runs::all;
    /// std::int64_t: the number of pairs; ignores limit and offset.
    using runs::count;
    /// The statement that `all()` runs on SQLite; other databases may write NULLs-last differently.
    using runs::sql;

private:
    using runs::asked_;
    using runs::source_;

    template<class U, class Wider, class... Tables>
    joined_query<T, Source, Wider> joined(std::string_view word, join_condition<Tables...> condition) && {
        static_assert(!Scope::template reads<U>, "weir: a table can be joined only once per query");
        static_assert((Wider::template reads<Tables> && ...), "weir: on(...) mentions a table that isn't in the query");
        static_assert((std::same_as<U, typename Wider::template holder<Tables>> || ...),
                      "weir: on(...) doesn't mention the joined table");
        add_join(asked_.wanted, word, reflect::table_name<U>(),
                 detail::in_tables<typename Wider::all>(std::move(condition.made), detail::tables<Tables...>()));
        return {*source_, std::move(asked_.wanted)};
    }
};

} // namespace weir::orm

namespace weir {

using orm::on;

} // namespace weir
