// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/orm/join.hpp>
#include <weir/orm/operations.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::orm {

class transaction;

/// A query whose rows are locked until the transaction ends: made by for_update().
template<class T, class Source>
class locking_query {
public:
    locking_query(Source& source, selection wanted, if_locked how)
        : source_(&source), wanted_(std::move(wanted)), how_(how) {}

    /// std::vector<T>
    result<std::vector<T>> all() && {
        return source_->template perform<std::vector<T>>(access::write, [this](session& s) {
            return detail::select_all<T>(s, detail::select_for_update(s, table_of<T>(), wanted_, how_));
        });
    }
    /// The first row; errc::not_found when there is none, or with skip_locked none that is free.
    result<T> one() && {
        auto row = std::move(*this).first();
        if (!row) return row.error();
        if (!*row) return detail::no_row(table_of<T>());
        return *std::move(*row);
    }
    result<std::optional<T>> first() && {
        wanted_.limit = 1;
        auto rows = std::move(*this).all();
        if (!rows) return rows.error();
        if (rows->empty()) return std::optional<T>();
        return std::optional<T>(std::move(rows->front()));
    }

private:
    Source* source_;
    selection wanted_;
    if_locked how_;
};

/// A question about rows of T in the making. Owns all it needs; asking it moves it into the task, so
/// `co_return co_await users.where(...).limit(20).all()` refers to nothing that could be gone. From a repository the
/// answers are `task<result<...>>`, inside a transaction `result<...>`.
///
///     users.where(col<&user::name>.like("张%") && col<&user::age> >= 18).order_by(newest<&user::id>).limit(20).all()
template<class T, class Source>
class query {
public:
    explicit query(Source& source) noexcept : source_(&source) {}

    /// A further condition: all of them have to hold.
    query& where(predicate<T> condition) & {
        add_condition(wanted_.where, std::move(condition).rendered());
        return *this;
    }
    query where(predicate<T> condition) && { return std::move(where(std::move(condition))); }

    /// A further order, where the ones before leave rows equal. Whatever the direction, NULLs come last.
    query& order_by(ordering<T> order) & {
        add_order(wanted_.order, std::move(order.by));
        return *this;
    }
    query order_by(ordering<T> order) && { return std::move(order_by(std::move(order))); }

    query& limit(std::size_t rows) & { return wanted_.limit = rows, *this; }
    query limit(std::size_t rows) && { return std::move(limit(rows)); }

    query& offset(std::size_t rows) & { return wanted_.offset = rows, *this; }
    query offset(std::size_t rows) && { return std::move(offset(rows)); }

    /// Nobody else changes, locks or erases the rows until the transaction ends; compiles in a transaction only. Rows
    /// that another transaction holds are waited for, left out (skip_locked) or errc::unavailable (nowait). On SQLite
    /// a transaction excludes all others that write from its begin on, so there it changes nothing.
    ///
    ///     tx.where<job>(col<&job::done> == false).order_by(oldest<&job::id>).limit(10).for_update(skip_locked).all()
    locking_query<T, Source> for_update(if_locked how = if_locked::wait) && {
        static_assert(std::same_as<Source, transaction>,
                      "weir: rows are locked in a transaction: db.transaction([&](weir::transaction& tx) ...)");
        return {*source_, std::move(wanted_), how};
    }

    /// Together with rows of U, those that meet the condition; see joined_query.
    template<class U, class... Tables>
    auto join(join_condition<Tables...> condition) && {
        return std::move(*this).as_joined().template join<U>(std::move(condition));
    }
    /// The same, and a row that has no partner stays.
    template<class U, class... Tables>
    auto left_join(join_condition<Tables...> condition) && {
        return std::move(*this).as_joined().template left_join<U>(std::move(condition));
    }

    /// The rows put together where they have the same in these columns; see grouped_query.
    template<auto... Members>
    auto group_by(column<Members>... keys) && {
        return detail::grouped<scope>(*source_, table_of<T>(), std::move(wanted_), keys...);
    }

    /// Only the columns that Row has members for, by their names.
    template<class Row>
    projection<Row, Source> select() && {
        return [this]<std::size_t... I>(std::index_sequence<I...>) {
            return std::move(*this).template select<Row>(detail::namesake<T, Row, I>()...);
        }
        (std::make_index_sequence<reflect::field_count<Row>>());
    }
    /// These columns as the members of a Row, in their order; or aggregates of all rows.
    ///
    ///     orders.rows().select<turnover>(count(), sum(col<&order::cents>))
    template<class Row, class First, class... More>
    projection<Row, Source> select(First, More...) && {
        static_assert(detail::check_columns<Row, scope, First, More...>());
        return {*source_, table_of<T>(), detail::list_of<scope, First, More...>(), std::move(wanted_)};
    }

    /// Of all rows, limit and offset don't count: std::int64_t, or double for a double; 0 for no rows.
    template<auto Member>
    auto sum(column<Member> of) && {
        return std::move(*this).aggregated(orm::sum(of));
    }
    /// std::optional<double>; nothing for no rows.
    template<auto Member>
    auto avg(column<Member> of) && {
        return std::move(*this).aggregated(orm::avg(of));
    }
    /// std::optional of the column's type; nothing for no rows.
    template<auto Member>
    auto min(column<Member> of) && {
        return std::move(*this).aggregated(orm::min(of));
    }
    template<auto Member>
    auto max(column<Member> of) && {
        return std::move(*this).aggregated(orm::max(of));
    }

    /// Only the rows that come behind this one in the order given so far, with the key to decide between equals: a
    /// page, without the cost of counting up to it, and none is shown twice or left out when others come and go. The
    /// row needs to hold no more than the columns of the order and the key. None yet begins with the first page.
    ///
    ///     todos.rows().order_by(newest<&todo::made_at>).after(last_seen).limit(20).all()
    query& after(const T& row) & {
        order_wholly();
        add_condition(wanted_.where, rows_behind(wanted_.order, &row));
        return *this;
    }
    query after(const T& row) && { return std::move(after(row)); }
    query& after(const std::optional<T>& row) & { return row ? after(*row) : after(std::nullopt); }
    query& after(std::nullopt_t) & { return order_wholly(), *this; }
    query after(std::nullopt_t) && { return std::move(after(std::nullopt)); }
    query after(const std::optional<T>& row) && { return std::move(after(row)); }

    /// std::vector<T>
    auto all() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_all<T>(s, select_rows(s, table_of<T>(), wanted));
        };
        return source_->template perform<std::vector<T>>(access::read, std::move(job));
    }

    /// Shows each row to `f(T&)` on the database's thread, one after the other, for results that shouldn't be in
    /// memory at once; how many there were (std::size_t). `f` returns nothing, or result<void> whose error ends it.
    /// The row is the same object each time, to be moved from at will. `f` asks nothing of the same transaction.
    /// SQLite steps from row to row, all of it one statement with its statement_timeout; PostgreSQL sends 500 at a
    /// time through a cursor; of MySQL's driver the whole result's text is in memory, though no more than one T.
    template<class F>
    auto each(F&& f) && {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        auto job = [wanted = std::move(wanted_), f = std::decay_t<F>(std::forward<F>(f))](session& s) mutable {
            return detail::visit<T>(s, select_rows(s, table_of<T>(), wanted), f);
        };
        return source_->template perform<std::size_t>(access::read, std::move(job));
    }

    /// T, the first row; errc::not_found when there is none.
    auto one() && {
        auto job = [wanted = std::move(wanted_)](session& s) { return detail::one<T>(s, wanted); };
        return source_->template perform<T>(access::read, std::move(job));
    }

    /// std::optional<T>, the first row.
    auto first() && {
        auto job = [wanted = std::move(wanted_)](session& s) { return detail::first<T>(s, wanted); };
        return source_->template perform<std::optional<T>>(access::read, std::move(job));
    }

    /// std::int64_t; limit and offset don't count.
    auto count() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_value<std::int64_t>(s, select_count(table_of<T>(), wanted));
        };
        return source_->template perform<std::int64_t>(access::read, std::move(job));
    }

    /// bool
    auto exists() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_value<bool>(s, select_exists(table_of<T>(), wanted));
        };
        return source_->template perform<bool>(access::read, std::move(job));
    }

    /// The statement that `all()` runs on SQLite; others may put NULLs last in other words.
    std::string sql() const { return without_list_marks(select_rows(table_of<T>(), wanted_).sql); }

private:
    using scope = detail::scope<detail::tables<T>>;

    void order_wholly() {
        orm::order_wholly(wanted_.order, detail::column_order<reflect::key_member<T>, false>().template term_of<T>());
    }

    joined_query<T, Source, scope> as_joined() && { return {*source_, std::move(wanted_)}; }

    template<class E>
    auto aggregated(E) && {
        static_assert(scope::template has<E>(), "weir: this column's table isn't in the query");
        using plain = typename E::value_type;
        using answer = std::conditional_t<E::needs_rows, std::optional<plain>, plain>;
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_value<answer>(s, select_aggregate(table_of<T>(), E::sql(), wanted));
        };
        return source_->template perform<answer>(access::read, std::move(job));
    }

    Source* source_;
    selection wanted_;
};

} // namespace weir::orm

namespace weir {

using orm::nowait;
using orm::skip_locked;

} // namespace weir
