// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/selection.hpp>
#include <weir/orm/session.hpp>
#include <weir/orm/table.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

// The columns that an upsert changes in a row which has the same in the unique ones: all but these and the key.
std::vector<std::size_t> columns_to_replace(const table_info& table, std::span<const std::size_t> unique);

// A column that exists in the database.
struct present_column {
    std::string name{};
    std::string type{}; // in the words of dialect::storage
    bool nullable{};
    bool has_default{}; // or is generated
};
BOOST_DESCRIBE_STRUCT(present_column, (), (name, type, nullable, has_default))

// What databases spell differently. The SQL above it is the part they share, with question marks for values.
class dialect {
public:
    virtual ~dialect() = default;

    // `INTEGER`, `VARCHAR(200)`
    virtual std::string storage(const column_info& column) const = 0;
    // `id INTEGER PRIMARY KEY AUTOINCREMENT`, `text TEXT NOT NULL`
    std::string column_definition(const table_info& table, const column_info& column) const;
    // What makes a key one that the database generates, PRIMARY KEY included.
    virtual const char* generated_key() const = 0;

    // What exists in the database; nothing when the table doesn't. Constraints are foreign keys and checks.
    virtual result<std::vector<present_column>> columns_of(session& s, const table_info& table) const = 0;
    virtual result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const = 0;
    virtual result<std::vector<std::string>> constraints_of(session& s, const table_info& table) const = 0;

    // Whether what one way of storing holds fits into another.
    virtual bool widens(std::string_view from, std::string_view to) const = 0;
    // Makes a column of a table that exists wider, nullable, or both; none where the database can't. Its type is
    // the column's or, where that one isn't wider, its present one.
    virtual std::vector<std::string> widen(const table_info& table, const column_info& column,
                                           const present_column& present, std::string_view type) const = 0;
    // Whether a table that exists can get foreign keys and checks.
    virtual bool adds_constraints() const { return true; }

    // The default of the column's member, as DDL takes it.
    virtual std::string literal(const column_info& column) const { return column.initial; }
    // What becomes of a column that grows ('+') or shrinks ('-') by a value; past its range it has to fail.
    virtual std::string changed_by(const column_info& column, char by) const;
    // Behind CREATE TABLE's columns.
    virtual std::string table_options() const { return {}; }
    // INSERT ... RETURNING; where there is no such thing, the session's last_key().
    virtual bool returns_keys() const { return true; }

    // An INSERT of rows with keys of their own where these would be generated, made so that keys generated later are
    // greater: a query that yields how many rows it stored, and whatever else in a second column. Empty where the
    // database sees to that by itself.
    virtual std::string insert_past_identity(const table_info&, std::string_view) const { return {}; }

    // Behind an INSERT: the row that has the same in these columns already takes the new one's other columns. Where
    // keys aren't returned it makes that row's key the session's last_key().
    virtual std::string on_conflict(const table_info& table, std::span<const std::size_t> columns) const;

    virtual null_order nulls() const { return {}; }

    // The statement with its lists of values as the database takes them: without the marks around them.
    virtual fragment with_lists(fragment statement) const;

    // Behind a SELECT whose rows no other transaction may change until the transaction ends.
    virtual std::string_view lock_clause(if_locked how) const {
        if (how == if_locked::skip) return " FOR UPDATE SKIP LOCKED";
        return how == if_locked::refuse ? " FOR UPDATE NOWAIT" : " FOR UPDATE";
    }

    // Keeps other programs from changing the schema: from within a transaction until that has ended, and on databases
    // whose lock outlives it until it is unlocked. False where another program does so.
    virtual result<bool> try_lock_schema(session&) const { return true; }
    virtual void unlock_schema(session&) const {}
    // Whether a transaction couldn't begin for one of another program.
    virtual bool is_locked_out(const error&) const { return false; }
};

} // namespace weir::orm
