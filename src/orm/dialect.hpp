// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/selection.hpp>
#include <weir/orm/session.hpp>
#include <weir/orm/table.hpp>

#include <span>
#include <string>
#include <vector>

namespace weir::orm {

// The columns that an upsert changes in a row which has the same in the unique ones: all but these and the key.
std::vector<std::size_t> columns_to_replace(const table_info& table, std::span<const std::size_t> unique);

// What databases spell differently. The SQL above it is the part they share, with question marks for values.
class dialect {
public:
    virtual ~dialect() = default;

    // `id INTEGER PRIMARY KEY AUTOINCREMENT`, `text TEXT NOT NULL`
    virtual std::string column_definition(const table_info& table, const column_info& column) const = 0;

    // The names that exist in the database; none when the table doesn't.
    virtual result<std::vector<std::string>> columns_of(session& s, const table_info& table) const = 0;
    virtual result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const = 0;

    // The default of the column's member, as DDL takes it.
    virtual std::string literal(const column_info& column) const { return column.initial; }
    // Behind CREATE TABLE's columns.
    virtual std::string table_options() const { return {}; }
    // INSERT ... RETURNING; where there is no such thing, the session's last_key().
    virtual bool returns_keys() const { return true; }

    // Behind an INSERT: the row that has the same in these columns already takes the new one's other columns. Where
    // keys aren't returned it makes that row's key the session's last_key().
    virtual std::string on_conflict(const table_info& table, std::span<const std::size_t> columns) const;

    // Behind a SELECT whose rows nobody else may change until the transaction ends.
    virtual std::string_view lock_clause(if_locked how) const {
        if (how == if_locked::skip) return " FOR UPDATE SKIP LOCKED";
        return how == if_locked::refuse ? " FOR UPDATE NOWAIT" : " FOR UPDATE";
    }

    // Between these two no other program changes the schema, in a transaction that is open.
    virtual result<void> lock_schema(session&) const { return ok(); }
    virtual void unlock_schema(session&) const {}
};

} // namespace weir::orm
