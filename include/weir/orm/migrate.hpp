// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/orm/detail/session.hpp>
#include <weir/orm/detail/table.hpp>
#include <weir/orm/query.hpp>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace weir::orm {

/// The statements that update tables to match their structs.
struct migration_plan {
    std::vector<std::string> statements{};
    /// Differences that a migration leaves alone, as sentences: a column of another type, a foreign key that SQLite
    /// can't add to an existing table. Every plan repeats them.
    std::vector<std::string> notes{};

    bool empty() const noexcept { return statements.empty(); }
    /// The plan for people: each statement on its own line with a semicolon, notes as comments.
    std::string text() const;
};

struct migrate_options {
    /// How long to wait for another program that migrates the same database, regardless of statement_timeout and
    /// busy_timeout; 0: not at all. The caller's deadline may end the wait earlier. Then: errc::unavailable.
    duration wait = std::chrono::minutes(5);
};

/// Plans missing tables, columns, indexes, foreign keys and checks, and wider columns where needed. Never drops or
/// narrows anything.
result<migration_plan> plan_migration(session& s, std::span<const table_info* const> tables);

/// Plans and applies in one transaction (on MySQL each statement commits by itself), under a lock, so that programs can
/// start at the same time.
result<void> migrate(session& s, std::span<const table_info* const> tables, migrate_options options = {});

namespace detail {

template<class... Rows>
std::array<const table_info*, sizeof...(Rows)> tables_of() {
    static_assert(sizeof...(Rows) > 0, "weir: name the rows: auto_migrate<user, order>(db)");
    return {&table_of<Rows>()...};
}

} // namespace detail

/// Updates the tables of these structs, in any order: creates tables, adds columns, indexes, foreign keys and checks,
/// widens columns; never drops or narrows anything. Idempotent; programs that run it at the same time wait for each
/// other.
/// errc::already_exists, conflict or validation_failed if existing rows break a new rule.
///
///     co_await weir::auto_migrate<user, order>(db);   // task<result<void>>
template<class... Rows, class Source>
auto auto_migrate(Source& source, migrate_options options) {
    auto job = [options](session& s) {
        const auto tables = detail::tables_of<Rows...>();
        return migrate(s, tables, options);
    };
    return source.template perform<void>(access::write, job);
}
template<class... Rows, class Source>
auto auto_migrate(Source& source) {
    return auto_migrate<Rows...>(source, migrate_options());
}

/// What auto_migrate would do now, without doing it: task<result<migration_plan>>.
template<class... Rows, class Source>
auto plan_migration(Source& source) {
    auto job = [](session& s) {
        const auto tables = detail::tables_of<Rows...>();
        return plan_migration(s, tables);
    };
    return source.template perform<migration_plan>(access::read, job);
}

} // namespace weir::orm

namespace weir {

using orm::auto_migrate;
using orm::migrate_options;
using orm::migration_plan;
using orm::plan_migration;

} // namespace weir
