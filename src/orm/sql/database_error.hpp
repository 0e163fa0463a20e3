// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// Errors of databases, with the same messages on all of them. `columns` is a list with commas, as databases print it:
// names of tables in front of the columns, and quotes around them, are dropped.

// 409 naming the fields that must be unique, or the constraint if only that is known.
error unique_violation(std::string_view columns, std::string_view constraint = {});
// For databases that don't say which of the two it was.
error foreign_key_violation();
// 409: the columns refer to a missing row.
error missing_reference(std::string_view columns);
// 409: rows of another table refer, by this constraint, to a row that is to be erased or get another key.
error still_referenced(std::string_view constraint);
error not_null_violation(std::string_view columns);
error check_violation(std::string_view constraint);
error other_violation();
// A string longer, or a number wider, than its column.
error too_long(std::string_view columns = {});
error out_of_range(std::string_view columns = {});
// A string with U+0000, which PostgreSQL can't store.
error holds_nul(std::string_view columns);

// NaN or an infinity, which MySQL can't store and SQLite reads back as NULL.
error not_finite(std::string_view columns);

// A transaction that lost a conflict and may succeed when repeated: its code is `try_again`.
error lost_against_another();
// A transaction whose prepared statement met a table changed since: its code is `try_again`.
error schema_changed();
error read_only_here();
error rows_locked();
error statement_too_slow();
// Ended by an administrator.
error ended_by_database();
error connection_lost();
// The driver's message is the cause, for logs.
error cannot_reach(std::string why);
// No thread to open a connection with.
error no_thread();

} // namespace weir::orm
