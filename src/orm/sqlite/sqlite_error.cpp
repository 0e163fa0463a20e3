// SPDX-License-Identifier: MIT
#include "orm/sqlite/sqlite_error.hpp"

#include "orm/sql/database_error.hpp"

#include <sqlite3.h>

namespace weir::orm {

namespace {

constexpr std::string_view file_is_locked = "the database is locked";

// The text after "... constraint failed: ".
std::string_view subject_of(std::string_view text) {
    constexpr std::string_view mark = "constraint failed: ";
    const std::size_t at = text.find(mark);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

error constraint_broken(int code, std::string_view text) {
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return unique_violation(subject_of(text));
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return foreign_key_violation();
    case SQLITE_CONSTRAINT_NOTNULL:
        return not_null_violation(subject_of(text));
    case SQLITE_CONSTRAINT_CHECK:
        return check_violation(subject_of(text));
    default:
        return other_violation();
    }
}

error plain_error(int code, std::string_view text) {
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_broken(code, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {errc::unavailable, std::string(file_is_locked)};
    case SQLITE_READONLY:
        return read_only_here();
    case SQLITE_FULL:
        return {errc::unavailable, "the database's disk is full"};
    case SQLITE_CANTOPEN:
        return {errc::unavailable, "the database can't be opened"};
    case SQLITE_IOERR:
        return {errc::unavailable, "the database's disk failed"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {errc::unavailable, "the database's file is damaged"};
    case SQLITE_TOOBIG:
        return {errc::too_large, "a value is too large to store"};
    default:
        if (text == sqlite_overflow) return out_of_range();
        return {errc::internal, "the query failed"};
    }
}

} // namespace

error sqlite_error(int extended_code, std::string_view text, std::string_view index) {
    std::string cause = "sqlite: " + std::string(text);
    if (!index.empty()) cause.append(" (index ").append(index).append(")");
    return plain_error(extended_code, text).caused_by(error(errc::unknown, std::move(cause)));
}

std::string_view sqlite_unique_columns(int extended_code, std::string_view text) {
    return extended_code == SQLITE_CONSTRAINT_UNIQUE ? subject_of(text) : std::string_view();
}

bool sqlite_is_locked(const error& failure) { return failure.message() == file_is_locked; }

bool sqlite_is_broken(int extended_code) {
    switch (extended_code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

} // namespace weir::orm
