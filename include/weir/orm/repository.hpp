// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>
#include <weir/orm/query.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace weir::orm {

struct insert_many_options {
    std::size_t batch = 100; ///< rows per statement; fewer if they are large
};
static_assert(std::is_trivially_copyable_v<insert_many_options>);

/// The rows of a described struct's table. On a database every call is a `task<result<...>>` and costs one hop to a
/// database thread; `tx.repo<T>()` inside a transaction has the same calls as plain `result<...>`. A `:memory:`
/// database creates the table by itself. A handle: cheap to copy, as thread-safe as its source.
///
///     weir::repository<todo> todos{db};
///     auto row = co_await todos.find(7);   // errc::not_found: "todos 7 not found"
template<class T, class Source>
class basic_repository {
public:
    using key = key_type<T>;

    explicit basic_repository(Source& source) : source_(&source) {
        if constexpr (requires { source.expect(table_of<T>()); }) source.expect(table_of<T>());
    }

    /// The row T with this key; errc::not_found if there is none.
    auto find(key id) const {
        auto job = [id = std::move(id)](session& s) { return detail::find<T>(s, id); };
        return source_->template perform<T>(access::read, std::move(job));
    }

    query<T, Source> where(predicate<T> condition) const {
        return query<T, Source>(*source_).where(std::move(condition));
    }
    /// A query on every row, to be ordered and limited.
    query<T, Source> rows() const { return query<T, Source>(*source_); }

    /// std::vector<T>: every row.
    auto all() const { return rows().all(); }
    /// std::int64_t: the number of rows.
    auto count() const { return rows().count(); }

    /// Stores a new row. A generated key of 0 is filled in; any other is stored as given. errc::already_exists naming
    /// the fields that must be unique.
    auto insert(T& row) const {
        auto job = [added = &row](session& s) { return detail::insert<T>(s, *added); };
        return source_->template perform<void>(access::write, std::move(job));
    }
    auto insert(T&& row) const = delete;

    /// Stores all rows or none, several per statement; returns their number. Doesn't fill in generated keys: either
    /// every row has a key or none has. The rows must outlive the task.
    auto insert_many(const std::vector<T>& rows, insert_many_options options) const {
        auto job = [added = &rows, options](session& s) {
            return detail::insert_many<T>(s, *added, options.batch == 0 ? 1 : options.batch);
        };
        return source_->template perform<std::size_t>(access::write, std::move(job));
    }
    auto insert_many(const std::vector<T>& rows) const { return insert_many(rows, insert_many_options()); }
    auto insert_many(std::vector<T>&& rows, insert_many_options options = {}) const = delete;

    /// Stores every column of the row with this key; errc::not_found if there is none.
    auto update(const T& row) const {
        auto job = [changed = &row](session& s) { return detail::update<T>(s, *changed); };
        return source_->template perform<void>(access::write, std::move(job));
    }
    auto update(const T&& row) const = delete;

    /// Stores only these columns of the row; errc::not_found if no row has its key.
    ///
    ///     update(row, col<&user::name>, col<&user::email>)
    template<auto First, auto... More>
    auto update(const T& row, column<First> first, column<More>... more) const {
        static_assert(all_of_table<First, More...>, "weir: this column belongs to another table");
        static_assert(!reflect::field_in<T, First>::is_key && (!reflect::field_in<T, More>::is_key && ...),
                      "weir: a row's key can't be changed");
        auto job = [=, changed = &row](session& s) { return detail::update<T>(s, *changed, first, more...); };
        return source_->template perform<void>(access::write, std::move(job));
    }
    template<auto... Members>
    auto update(const T&& row, column<Members>...) const = delete;

    /// Stores the row; overwrites all columns of an existing row with the same key. A generated key of 0 means a new
    /// row and is filled in.
    auto upsert(T& row) const {
        auto job = [stored = &row](session& s) { return detail::upsert<T>(s, *stored); };
        return source_->template perform<void>(access::write, std::move(job));
    }
    /// The same, but matches an existing row by these columns, which must be unique together. The row's key is replaced
    /// by that of the stored row, so keys must be generated. MySQL matches by any unique column: it has no way to
    /// choose.
    ///
    ///     upsert(row, col<&user::openid>)
    template<auto First, auto... More>
    auto upsert(T& row, column<First> first, column<More>... more) const {
        static_assert(all_of_table<First, More...>, "weir: this column belongs to another table");
        static_assert(sizeof...(More) > 0 || reflect::field_in<T, First>::template has<rules::unique>(),
                      "weir: upsert(row, columns...) takes columns that are unique");
        static_assert(
            reflect::key_is_generated<T>, "weir: rows with assigned keys are matched by the key: upsert(row)");
        auto job = [=, stored = &row](session& s) { return detail::upsert<T>(s, *stored, first, more...); };
        return source_->template perform<void>(access::write, std::move(job));
    }
    template<auto... Members>
    auto upsert(T&& row, column<Members>...) const = delete;

    /// Changes columns of the rows that meet the condition; returns their number (std::size_t).
    ///
    ///     update_where(col<&product::id> == id && col<&product::stock> >= n, (col<&product::stock>) -= n)
    template<std::convertible_to<assignment<T>>... More>
    auto update_where(predicate<T> condition, assignment<T> first, More... more) const {
        std::array<change, sizeof...(More) + 1> changes{
            std::move(first).made(), assignment<T>(std::move(more)).made()...};
        auto job = [changes = std::move(changes), where = std::move(condition).rendered()](session& s) {
            return detail::update_where(s, table_of<T>(), changes, where);
        };
        return source_->template perform<std::size_t>(access::write, std::move(job));
    }

    /// Erases the row with this key; errc::not_found if there is none.
    auto erase(key id) const {
        auto job = [id = std::move(id)](session& s) { return detail::erase<T>(s, id); };
        return source_->template perform<void>(access::write, std::move(job));
    }

    /// Erases the rows that meet the condition; returns their number (std::size_t).
    auto erase_where(predicate<T> condition) const {
        auto job = [statement = erase_rows(table_of<T>(), condition.rendered()),
                    unconditional = condition.rendered().sql.empty()](session& s) {
            return detail::change_rows(s, statement, unconditional);
        };
        return source_->template perform<std::size_t>(access::write, std::move(job));
    }

    /// What auto_migrate would do now (migration_plan).
    auto plan_migration() const { return orm::plan_migration<T>(*source_); }
    /// Updates the table to match its struct; see orm::auto_migrate, which takes several tables.
    auto auto_migrate() const { return orm::auto_migrate<T>(*source_); }

private:
    template<auto... Members>
    static constexpr bool all_of_table = (detail::holder_of<typename column<Members>::row, detail::tables<T>>::found &&
                                          ...);

    Source* source_;
};

template<class T>
using repository = basic_repository<T, database>;

} // namespace weir::orm

namespace weir {

using orm::repository;

} // namespace weir
