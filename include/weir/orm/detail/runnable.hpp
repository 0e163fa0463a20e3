// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/orm/detail/operations.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::orm::detail {

/// Rows of T to select, rendered once the session is known.
template<class T>
struct rows_request {
    static constexpr access how = access::read;

    selection wanted{};

    static const table_info& table() { return table_of<T>(); }
    fragment of(const session& s) const { return select_rows(s, table(), wanted); }
    fragment on_sqlite() const { return select_rows(table(), wanted); }
};

/// The same rows, to be locked until the transaction ends.
template<class T>
struct locked_rows_request {
    static constexpr access how = access::write;

    selection wanted{};
    if_locked if_taken = if_locked::wait;

    static const table_info& table() { return table_of<T>(); }
    fragment of(const session& s) const { return select_for_update(s, table(), wanted, if_taken); }
};

/// Some columns, or aggregates, to select.
struct columns_request {
    static constexpr access how = access::read;

    const table_info* from = nullptr;
    std::string columns{};
    selection wanted{};

    const table_info& table() const { return *from; }
    fragment of(const session& s) const { return select_columns(s, table(), columns, wanted); }
    fragment on_sqlite() const { return select_columns(table(), columns, wanted); }
};

/// The calls that run a query. Every kind of query inherits them privately and exposes those that it supports; they
/// depend on the request only, so that queries of one request share their jobs.
template<class Row, class Source, class Request>
class runnable {
public:
    runnable(Source& source, Request asked) : source_(&source), asked_(std::move(asked)) {}

    auto all() && {
        auto job = [asked = std::move(asked_)](session& s) { return query_rows<Row>(s, asked.of(s)); };
        return source_->template perform<std::vector<Row>>(Request::how, std::move(job));
    }

    template<class F>
    auto each(F&& f) && {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        auto job = [asked = std::move(asked_), f = std::decay_t<F>(std::forward<F>(f))](session& s) mutable {
            return visit<Row>(s, asked.of(s), f);
        };
        return source_->template perform<std::size_t>(Request::how, std::move(job));
    }

    auto one() && {
        asked_.wanted.limit = 1;
        auto job = [asked = std::move(asked_)](session& s) { return one_row<Row>(s, asked.of(s), asked.table()); };
        return source_->template perform<Row>(Request::how, std::move(job));
    }

    auto first() && {
        asked_.wanted.limit = 1;
        auto job = [asked = std::move(asked_)](session& s) { return first_row<Row>(s, asked.of(s)); };
        return source_->template perform<std::optional<Row>>(Request::how, std::move(job));
    }

    auto count() && {
        auto job = [asked = std::move(asked_)](session& s) {
            return select_value<std::int64_t>(s, select_count(asked.table(), asked.wanted));
        };
        return source_->template perform<std::int64_t>(Request::how, std::move(job));
    }

    auto exists() && {
        auto job = [asked = std::move(asked_)](session& s) {
            return select_value<bool>(s, select_exists(asked.table(), asked.wanted));
        };
        return source_->template perform<bool>(Request::how, std::move(job));
    }

    std::string sql() const { return without_list_marks(asked_.on_sqlite().sql); }

protected:
    Source* source_;
    Request asked_;
};

} // namespace weir::orm::detail
