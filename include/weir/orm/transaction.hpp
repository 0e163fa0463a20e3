// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace weir::orm {

class database;

template<class T, class Source>
class basic_repository;

/// One connection for the duration of a body on a database thread; its calls are synchronous. Passed to the body of
/// database::read, for several queries in one hop. Must not outlive the body.
class reader {
public:
    explicit reader(session& s) noexcept : session_(&s) {}
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    template<class T>
    result<T> find(key_type<T> id) {
        return detail::find<T>(*session_, id);
    }

    template<class T>
    orm::query<T, reader> where(predicate<T> condition) {
        return orm::query<T, reader>(*this).where(std::move(condition));
    }

    /// A query on every row, to be ordered, limited, joined or grouped.
    template<class T>
    orm::query<T, reader> rows() {
        return orm::query<T, reader>(*this);
    }

    /// Rows of a custom statement; see database::query.
    template<class Row, class... Args>
    result<std::vector<Row>> query(std::string sql, Args&&... args) {
        return detail::query_rows<Row>(*session_, detail::statement(std::move(sql), std::forward<Args>(args)...));
    }

    template<class R, class F>
    result<R> perform(access, F job) {
        return job(*session_);
    }

protected:
    session* session_;
};

/// A reader that may also write; passed to the body of database::transaction. Committed if the body returns a value;
/// rolled back if it returns an error, throws, is cancelled or exceeds its deadline.
class transaction : public reader {
public:
    explicit transaction(session& s) noexcept;
    ~transaction();

    /// The same as a reader's, and supports for_update().
    template<class T>
    orm::query<T, transaction> where(predicate<T> condition) {
        return rows<T>().where(std::move(condition));
    }
    template<class T>
    orm::query<T, transaction> rows() {
        return orm::query<T, transaction>(*this);
    }

    /// The rows of T with all calls of a repository, as synchronous calls.
    template<class T>
    basic_repository<T, transaction> repo() {
        return basic_repository<T, transaction>(*this);
    }

    template<class T>
    result<void> insert(T& row) {
        return detail::insert<T>(*session_, row);
    }

    template<class T>
    result<void> update(const T& row) {
        return detail::update<T>(*session_, row);
    }

    template<class T>
    result<void> erase(key_type<T> id) {
        return detail::erase<T>(*session_, id);
    }

    /// Runs a custom statement; returns the number of changed rows.
    template<class... Args>
    result<std::size_t> execute(std::string sql, Args&&... args) {
        return detail::execute(*session_, detail::statement(std::move(sql), std::forward<Args>(args)...));
    }

    /// Calls `f` after this run of the body has been committed, before the caller of database::transaction continues:
    /// once, on the database thread, in the order of these calls. Not after a rollback, nor after a commit whose
    /// outcome is unknown. For effects in memory, such as erasing a cached row; `f` must not block or use the
    /// transaction. The rows are stored whatever it does: its exceptions are logged.
    ///
    ///     tx.on_commit([this, id] { cache_.erase(id); });
    void on_commit(std::function<void()> f);

private:
    friend class database;

    std::vector<std::function<void()>> committed_;
};

} // namespace weir::orm
