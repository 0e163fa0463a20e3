// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/runnable.hpp>
#include <weir/orm/query/join.hpp>
#include <weir/orm/query/keyset.hpp>

#include <optional>
#include <utility>

namespace weir::orm {

class transaction;

/// A query whose rows stay locked until the transaction ends; made by for_update().
template<class T, class Source>
class locking_query : private detail::runnable<T, Source, detail::locked_rows_request<T>> {
    using runs = detail::runnable<T, Source, detail::locked_rows_request<T>>;

public:
    locking_query(Source& source, selection wanted, if_locked how) : runs(source, {std::move(wanted), how}) {}

    /// std::vector<T>
    using runs::all;
    /// The first row; errc::not_found if there is none, or with skip_locked no free one.
    using runs::one;
    /// std::optional<T>: the first row.
    using runs::first;
};

/// A query under construction. Owns its values; running it moves it into the task, so that `co_return co_await
/// users.where(...).limit(20).all()` leaves no dangling references. From a repository calls return `task<result<...>>`,
/// inside a transaction `result<...>`.
///
///     users.where(col<&user::name>.like("张%") && col<&user::age> >= 18).order_by(newest<&user::id>).limit(20).all()
template<class T, class Source>
class query : private detail::runnable<T, Source, detail::rows_request<T>> {
    using runs = detail::runnable<T, Source, detail::rows_request<T>>;

public:
    explicit query(Source& source) noexcept : runs(source, {}) {}

    /// Adds a condition; all of them must hold.
    query& where(predicate<T> condition) & {
        add_condition(asked_.wanted.where, std::move(condition).rendered());
        return *this;
    }
    query where(predicate<T> condition) && { return std::move(where(std::move(condition))); }

    /// Adds an order after the previous ones. NULLs come last in either direction.
    query& order_by(ordering<T> order) & {
        add_order(asked_.wanted.order, std::move(order.by));
        return *this;
    }
    query order_by(ordering<T> order) && { return std::move(order_by(std::move(order))); }

    query& limit(std::size_t rows) & {
        asked_.wanted.limit = rows;
        return *this;
    }
    query limit(std::size_t rows) && { return std::move(limit(rows)); }

    query& offset(std::size_t rows) & {
        asked_.wanted.offset = rows;
        return *this;
    }
    query offset(std::size_t rows) && { return std::move(offset(rows)); }

    /// Locks the rows until the transaction ends: others can't change, lock or erase them. Compiles in a transaction
    /// only. Waits for rows locked by another transaction, leaves them out (skip_locked) or fails with
    /// errc::unavailable (nowait). No effect on SQLite, where a transaction excludes all other writers from the start.
    ///
    ///     tx.where<job>(col<&job::done> == false).order_by(oldest<&job::id>).limit(10).for_update(skip_locked).all()
    locking_query<T, Source> for_update(if_locked how = if_locked::wait) && {
        static_assert(std::same_as<Source, transaction>,
                      "weir: rows are locked in a transaction: db.transaction([&](weir::transaction& tx) ...)");
        return {*source_, std::move(asked_.wanted), how};
    }

    /// Joins rows of U that meet the condition; see joined_query.
    template<class U, class... Tables>
    auto join(join_condition<Tables...> condition) && {
        return std::move(*this).as_joined().template join<U>(std::move(condition));
    }
    /// The same, but keeps rows without a partner.
    template<class U, class... Tables>
    auto left_join(join_condition<Tables...> condition) && {
        return std::move(*this).as_joined().template left_join<U>(std::move(condition));
    }

    /// Groups rows with equal values in these columns; see grouped_query.
    template<auto... Members>
    auto group_by(column<Members>... keys) && {
        return detail::grouped<scope>(*source_, table_of<T>(), std::move(asked_.wanted), keys...);
    }

    /// Selects the columns that have the names of Row's members.
    template<class Row>
    projection<Row, Source> select() && {
        return [this]<std::size_t... I>(std::index_sequence<I...>) {
            return std::move(*this).template select<Row>(detail::namesake<T, Row, I>()...);
        }
        (std::make_index_sequence<reflect::field_count<Row>>());
    }
    /// Selects these columns as the members of a Row, in their order; or aggregates of all rows.
    ///
    ///     orders.rows().select<turnover>(count(), sum(col<&order::cents>))
    template<class Row, class First, class... More>
    projection<Row, Source> select(First, More...) && {
        static_assert(detail::check_columns<Row, scope, First, More...>());
        return {*source_, table_of<T>(), detail::list_of<scope, First, More...>(), std::move(asked_.wanted)};
    }

    /// The sum over all rows: std::int64_t, or double for a double; 0 without rows. Ignores limit and offset.
    template<auto Member>
    auto sum(column<Member> of) && {
        return std::move(*this).aggregated(orm::sum(of));
    }
    /// std::optional<double>; empty without rows.
    template<auto Member>
    auto avg(column<Member> of) && {
        return std::move(*this).aggregated(orm::avg(of));
    }
    /// std::optional of the column's type; empty without rows.
    template<auto Member>
    auto min(column<Member> of) && {
        return std::move(*this).aggregated(orm::min(of));
    }
    template<auto Member>
    auto max(column<Member> of) && {
        return std::move(*this).aggregated(orm::max(of));
    }

    /// Keyset pagination: only rows that follow this one in the order so far, with the key as tie-breaker. The cost
    /// doesn't grow with the page number, and concurrent changes neither repeat nor skip rows. Reads only the ordering
    /// columns and the key of `row`; without a row it starts at the first page.
    ///
    ///     todos.rows().order_by(newest<&todo::made_at>).after(last_seen).limit(20).all()
    query& after(const T& row) & {
        order_wholly();
        add_condition(asked_.wanted.where, rows_behind(asked_.wanted.order, &row));
        return *this;
    }
    query after(const T& row) && { return std::move(after(row)); }
    query& after(const std::optional<T>& row) & { return row ? after(*row) : after(std::nullopt); }
    query& after(std::nullopt_t) & {
        order_wholly();
        return *this;
    }
    query after(std::nullopt_t) && { return std::move(after(std::nullopt)); }
    query after(const std::optional<T>& row) && { return std::move(after(row)); }

    /// std::vector<T>
    using runs::all;

    /// Passes each row to `f(T&)` on the database's thread, for results too large for memory; returns their number
    /// (std::size_t). `f` returns nothing, or a result<void> whose error stops the query. The row object is reused and
    /// may be moved from. `f` must not use the same transaction. SQLite steps through one statement, limited by
    /// statement_timeout; PostgreSQL fetches 500 rows at a time through a cursor; MySQL's driver buffers the whole
    /// result as text, but only one T exists at a time.
    using runs::each;

    /// The first T; errc::not_found if there is none.
    using runs::one;
    /// std::optional<T>: the first row.
    using runs::first;
    /// std::int64_t; ignores limit and offset.
    using runs::count;
    /// bool
    using runs::exists;
    /// The statement that `all()` runs on SQLite; other databases may write NULLs-last differently.
    using runs::sql;

private:
    using runs::asked_;
    using runs::source_;
    using scope = detail::scope<detail::tables<T>>;

    void order_wholly() {
        orm::order_wholly(
            asked_.wanted.order, detail::column_order<reflect::key_member<T>, false>().template term_of<T>());
    }

    joined_query<T, Source, scope> as_joined() && { return {*source_, std::move(asked_.wanted)}; }

    template<class E>
    auto aggregated(E) && {
        static_assert(scope::template has<E>(), "weir: this column's table isn't in the query");
        using plain = typename E::value_type;
        using answer = std::conditional_t<E::needs_rows, std::optional<plain>, plain>;
        auto job = [wanted = std::move(asked_.wanted)](session& s) {
            return detail::select_value<answer>(s, select_aggregate(table_of<T>(), E::sql(), wanted));
        };
        return source_->template perform<answer>(access::read, std::move(job));
    }
};

} // namespace weir::orm

namespace weir {

using orm::nowait;
using orm::skip_locked;

} // namespace weir
