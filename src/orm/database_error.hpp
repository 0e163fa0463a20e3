// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// What databases say when they refuse, in words that are the same on all of them. `columns` is a list with
// commas, as databases print it: names of tables in front of the columns, and quotes around them, are left out.

// 409 naming the fields that have to be unique; where only the constraint is known, that.
error unique_violation(std::string_view columns, std::string_view constraint = {});
// Where it isn't known which of the two it was.
error foreign_key_violation();
// 409: the columns hold a key that no row has.
error refers_to_nothing(std::string_view columns);
// 409: a row can't be erased, or its key changed, since rows of another table refer to it by this constraint.
error still_referred_to(std::string_view constraint);
error not_null_violation(std::string_view columns);
error check_violation(std::string_view constraint);
error other_violation();
// A text that is longer, or a number that is wider, than its column.
error too_long(std::string_view columns = {});
error out_of_range(std::string_view columns = {});
// A string with U+0000, which PostgreSQL can't store.
error holds_nul(std::string_view columns);

// NaN or an infinity, which MySQL can't store and SQLite reads back as NULL.
error not_finite(std::string_view columns);

// A transaction that lost against another one, and may win when it runs again: its code is `try_again`.
error lost_against_another();
// A transaction in which a prepared statement met a table that has changed since: its code is `try_again`.
error schema_changed();
error read_only_here();
error rows_locked();
error statement_too_slow();
// By the hand of an administrator.
error ended_by_database();
error connection_lost();
// The driver's words are for logs.
error cannot_reach(std::string why);
// Opening a connection takes one.
error no_thread();

} // namespace weir::orm
