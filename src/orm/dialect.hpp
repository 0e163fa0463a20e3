// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/session.hpp>
#include <weir/orm/table.hpp>

#include <string>
#include <vector>

namespace weir::orm {

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

    // Between these two no other program changes the schema, in a transaction that is open.
    virtual result<void> lock_schema(session&) const { return ok(); }
    virtual void unlock_schema(session&) const {}
};

} // namespace weir::orm
