// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/operations.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::orm {

/// Whether an operation may change rows; reads run beside one another.
enum class access : std::uint8_t { read, write };

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
        wanted_.where = wanted_.where.sql.empty()
                            ? std::move(condition).rendered()
                            : (predicate<T>(std::move(wanted_.where)) && std::move(condition)).rendered();
        return *this;
    }
    query where(predicate<T> condition) && { return std::move(where(std::move(condition))); }

    /// A further order, where the ones before leave rows equal.
    query& order_by(ordering<T> order) & {
        if (!wanted_.order.empty()) wanted_.order += ", ";
        wanted_.order += order.sql;
        return *this;
    }
    query order_by(ordering<T> order) && { return std::move(order_by(std::move(order))); }

    query& limit(std::size_t rows) & { return wanted_.limit = rows, *this; }
    query limit(std::size_t rows) && { return std::move(limit(rows)); }

    query& offset(std::size_t rows) & { return wanted_.offset = rows, *this; }
    query offset(std::size_t rows) && { return std::move(offset(rows)); }

    /// std::vector<T>
    auto all() && {
        auto job = [wanted = std::move(wanted_)](session& s) {
            return detail::select_all<T>(s, select_rows(table_of<T>(), wanted));
        };
        return source_->template perform<std::vector<T>>(access::read, std::move(job));
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

    /// The statement that `all()` runs.
    std::string sql() const { return select_rows(table_of<T>(), wanted_).sql; }

private:
    Source* source_;
    selection wanted_;
};

} // namespace weir::orm
