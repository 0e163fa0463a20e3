// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/session.hpp>
#include <weir/orm/detail/table.hpp>
#include <weir/orm/query/selection.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

// A column that exists in the database.
struct present_column {
    std::string name{};
    std::string type{}; // in the words of dialect::storage
    bool nullable{};
    bool has_default{}; // or is generated
};
BOOST_DESCRIBE_STRUCT(present_column, (), (name, type, nullable, has_default))

// What databases spell differently. The rest of the SQL is shared, with question marks for values.
class dialect {
public:
    virtual ~dialect() = default;

    // `INTEGER`, `VARCHAR(200)`
    virtual std::string storage(const column_info& column) const = 0;
    // `id INTEGER PRIMARY KEY AUTOINCREMENT`, `text TEXT NOT NULL`
    std::string column_definition(const table_info& table, const column_info& column) const;
    // What makes the database generate a key, PRIMARY KEY included.
    virtual const char* generated_key() const = 0;

    // What exists in the database; empty if the table doesn't. Constraints are foreign keys and checks.
    virtual result<std::vector<present_column>> columns_of(session& s, const table_info& table) const = 0;
    virtual result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const = 0;
    virtual result<std::vector<std::string>> constraints_of(session& s, const table_info& table) const = 0;

    // Whether every value of one storage form fits another.
    virtual bool widens(std::string_view from, std::string_view to) const = 0;
    // The statements that make a column of an existing table wider, nullable, or both; empty if the database can't.
    // `type` is the column's wanted type, or its present one if that needn't be wider.
    virtual std::vector<std::string> widen(const table_info& table, const column_info& column,
                                           const present_column& present, std::string_view type) const = 0;
    // Whether foreign keys and checks can be added to an existing table.
    virtual bool adds_constraints() const { return true; }

    // The default of the column's member, for DDL.
    virtual std::string literal(const column_info& column) const { return column.initial; }
    // The expression for a column increased ('+') or decreased ('-') by a value; must fail beyond its range.
    virtual std::string changed_by(const column_info& column, char by) const;
    // The text after the columns of CREATE TABLE.
    virtual std::string table_options() const { return {}; }
    // Whether the database has INSERT ... RETURNING; if not, session::last_key() gives the key.
    virtual bool returns_keys() const { return true; }

    // Wraps an INSERT of given keys so that keys generated later are greater: a query that returns the number of stored
    // rows, and a second column to ignore. Empty if the database does so by itself.
    virtual std::string insert_past_identity(const table_info&, std::string_view) const { return {}; }

    // The clause after an INSERT that makes an existing row, equal in these columns, take the new row's other columns.
    // Without RETURNING it also sets the session's last_key() to that row's key.
    virtual std::string on_conflict(const table_info& table, std::span<const std::size_t> columns) const;

    virtual null_order nulls() const { return {}; }

    // Rewrites the statement's marked lists of values in the database's form.
    virtual fragment with_lists(fragment statement) const;

    // The clause after a SELECT that locks its rows until the transaction ends.
    virtual std::string_view lock_clause(if_locked how) const {
        if (how == if_locked::skip) return " FOR UPDATE SKIP LOCKED";
        return how == if_locked::refuse ? " FOR UPDATE NOWAIT" : " FOR UPDATE";
    }

    // Selects the present time by the database's clock, in microseconds since 1970.
    virtual const char* select_now() const = 0;

    // Makes each statement of the session's next transaction read the latest committed rows, instead of those that were
    // there at the transaction's first read.
    virtual result<void> read_latest_rows(session&) const { return ok(); }

    // Makes an INSERT of one row without a key change nothing if a unique column's value is present.
    virtual std::string insert_unless_present(std::string insert) const { return insert + " ON CONFLICT DO NOTHING"; }

    // Keeps other programs from changing the schema: until the transaction ends, or, if the lock outlives it, until
    // unlock_schema(). False if another program holds the lock.
    virtual result<bool> try_lock_schema(session&) const { return true; }
    virtual void unlock_schema(session&) const {}
    // Whether the error means that another program's transaction kept this one from beginning.
    virtual bool is_locked_out(const error&) const { return false; }
};

} // namespace weir::orm
