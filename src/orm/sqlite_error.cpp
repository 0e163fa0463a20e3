// SPDX-License-Identifier: MIT
#include "orm/sqlite_error.hpp"

#include <sqlite3.h>

#include <utility>
#include <vector>

namespace weir::orm {

namespace {

// "users.openid, users.tenant" -> {"openid", "tenant"}
std::vector<std::string> columns_in(std::string_view list) {
    std::vector<std::string> columns;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(", "), list.size());
        const std::string_view one = list.substr(0, end);
        columns.emplace_back(one.substr(one.find('.') == std::string_view::npos ? 0 : one.rfind('.') + 1));
        list.remove_prefix(std::min(end + 2, list.size()));
    }
    return columns;
}

// What follows "... constraint failed: ".
std::string_view subject_of(std::string_view text) {
    constexpr std::string_view mark = "constraint failed: ";
    const std::size_t at = text.find(mark);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

error with_columns(error failure, std::string_view text, const char* rule, const char* message) {
    std::vector<error_detail> details;
    for (auto& column : columns_in(subject_of(text))) details.push_back({std::move(column), rule, message});
    return std::move(failure).with_details(std::move(details));
}

error unique_error(std::string_view text) {
    const auto columns = columns_in(subject_of(text));
    std::string named = columns.empty() ? std::string("value") : columns.front();
    for (std::size_t i = 1; i < columns.size(); ++i) named += ", " + columns[i];
    return with_columns(error(errc::already_exists, named + " is already taken"), text, "unique", "is already taken");
}

error constraint_error(int code, std::string_view text) {
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return unique_error(text);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return {errc::conflict, "refers to a row that isn't there, or a row still refers to this one"};
    case SQLITE_CONSTRAINT_NOTNULL:
        return with_columns(error(errc::validation_failed, "a required value is missing"), text, "required",
                            "must not be null");
    case SQLITE_CONSTRAINT_CHECK:
        return with_columns(error(errc::validation_failed, "a value breaks a rule of its table"), text, "check",
                            "breaks a rule of its table");
    default:
        return {errc::conflict, "a rule of the database forbids this"};
    }
}

error plain_error(int code, std::string_view text) {
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_error(code, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {errc::unavailable, "the database is locked"};
    case SQLITE_READONLY:
        return {errc::unavailable, "the database is read-only here"};
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
        return {errc::internal, "the query failed"};
    }
}

} // namespace

error sqlite_error(int extended_code, std::string_view text) {
    return plain_error(extended_code, text).caused_by(error(errc::unknown, "sqlite: " + std::string(text)));
}

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
