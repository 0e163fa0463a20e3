// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/orm/query.hpp>
#include <weir/orm/session.hpp>
#include <weir/orm/table.hpp>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace weir::orm {

/// What brings tables up to their structs.
struct migration_plan {
    std::vector<std::string> statements{};
    /// What differs and is left as it is, in words: a column of another type, a foreign key that SQLite can't add to
    /// a table that exists. Planning again says so again.
    std::vector<std::string> notes{};

    bool empty() const noexcept { return statements.empty(); }
    /// For people: the statements, each with a semicolon and a line of its own, and the notes as comments.
    std::string text() const;
};

struct migrate_options {
    /// How long other programs that migrate the same database are waited for, whatever statement_timeout and
    /// busy_timeout say; the deadline of the caller ends the wait earlier. 0: not at all. Then: errc::unavailable.
    duration wait = std::chrono::minutes(5);
};

/// The statements for tables, columns, indexes, foreign keys and checks that are missing, and for columns that have
/// to hold more than they do. Nothing is ever dropped or narrowed.
result<migration_plan> plan_migration(session& s, std::span<const table_info* const> tables);

/// Plans and applies in one transaction (MySQL: its statements commit one by one), behind a lock, so that programs
/// starting together don't collide.
result<void> migrate(session& s, std::span<const table_info* const> tables, migrate_options options = {});

namespace detail {

template<class... Rows>
std::array<const table_info*, sizeof...(Rows)> tables_of() {
    static_assert(sizeof...(Rows) > 0, "weir: name the rows: auto_migrate<user, order>(db)");
    return {&table_of<Rows>()...};
}

} // namespace detail

/// Brings the tables of these structs up to them: creates tables, adds columns, indexes, foreign keys and checks,
/// widens columns; never drops or narrows anything. The order doesn't matter. Idempotent; programs may run it at once:
/// one waits for the other.
/// errc::already_exists, conflict or validation_failed where rows that are there break a rule that is new.
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

/// What auto_migrate would do now; nothing of it is done: task<result<migration_plan>>.
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
