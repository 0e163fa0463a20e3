// SPDX-License-Identifier: MIT
#include "orm/sql/database_error.hpp"

#include <string>
#include <utility>
#include <vector>

namespace weir::orm {

namespace {

// The size of the first piece in bytes: a quoted name, a parenthesized group, or one character.
std::size_t piece_of(std::string_view list) {
    if (list.front() == '"') {
        std::size_t end = list.find('"', 1);
        while (end != std::string_view::npos && list.substr(end, 2) == "\"\"") end = list.find('"', end + 2);
        return end == std::string_view::npos ? list.size() : end + 1;
    }
    std::size_t depth = 0;
    for (std::size_t at = 0; at < list.size(); ++at) {
        if (list[at] == '(') ++depth;
        if (list[at] == ')' && depth > 0) --depth;
        if (depth == 0) return at + 1;
    }
    return list.size();
}

void append_unquoted(std::string& to, std::string_view piece) {
    if (piece.front() != '"') {
        to += piece;
        return;
    }
    for (std::size_t at = 1; at + 1 < piece.size(); ++at) {
        if (piece[at] == '"') ++at; // a doubled quote
        to += piece[at];
    }
}

// `users."order", users.tenant` -> {"order", "tenant"}
std::vector<std::string> columns_in(std::string_view list) {
    std::vector<std::string> columns;
    std::string name;
    while (!list.empty()) {
        const std::string_view piece = list.substr(0, piece_of(list));
        list.remove_prefix(piece.size());
        if (piece == "," && list.starts_with(' ')) {
            columns.push_back(std::exchange(name, {}));
            list.remove_prefix(1);
        } else if (piece == ".") {
            name.clear(); // it was the table's
        } else {
            append_unquoted(name, piece);
        }
    }
    if (!name.empty()) columns.push_back(std::move(name));
    return columns;
}

error with_fields(error failure, std::vector<std::string> fields, const char* rule, const char* message) {
    std::vector<error_detail> details;
    details.reserve(fields.size());
    for (auto& field : fields) details.push_back({std::move(field), rule, message});
    return std::move(failure).with_details(std::move(details));
}

} // namespace

error unique_violation(std::string_view columns, std::string_view constraint) {
    auto fields = columns_in(columns.empty() ? constraint : columns);
    std::string named = fields.empty() ? std::string("value") : fields.front();
    for (std::size_t i = 1; i < fields.size(); ++i) named += ", " + fields[i];
    return with_fields(
        error(errc::already_exists, named + " is already taken"), std::move(fields), "unique", "is already taken");
}

error foreign_key_violation() {
    return {errc::conflict, "refers to a missing row, or other rows still refer to this one"};
}

error missing_reference(std::string_view columns) {
    return with_fields(error(errc::conflict, "refers to a missing row"), columns_in(columns), "foreign_key",
                       "refers to a missing row");
}

error still_referenced(std::string_view constraint) {
    return with_fields(error(errc::conflict, "other rows still refer to this one"), columns_in(constraint),
                       "foreign_key", "still refers to this row");
}

error not_null_violation(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a required value is missing"), columns_in(columns), "required",
                       "must not be null");
}

error check_violation(std::string_view constraint) {
    return with_fields(error(errc::validation_failed, "a value violates a constraint of its table"),
                       columns_in(constraint), "check", "violates a constraint of its table");
}

error other_violation() { return {errc::conflict, "a database constraint forbids this"}; }

error too_long(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a value is too long for its column"), columns_in(columns),
                       "max_length", "is too long");
}

error out_of_range(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a number is out of range for its column"), columns_in(columns),
                       "range", "is out of range");
}

error holds_nul(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a string with the character U+0000 can't be stored"),
                       columns_in(columns), "no_nul", "must not contain the character U+0000");
}

error not_finite(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a number that isn't finite can't be stored"),
                       columns_in(columns), "finite", "must be a finite number");
}

error lost_against_another() {
    return error(errc::conflict, "conflict with another transaction: try again").with_code("try_again");
}

error schema_changed() {
    return error(errc::unavailable, "the database's tables have just changed: try again").with_code("try_again");
}

error read_only_here() { return {errc::unavailable, "the database is read-only"}; }

error rows_locked() { return {errc::unavailable, "the rows are locked"}; }

error statement_too_slow() { return {errc::deadline_exceeded, "the statement took too long"}; }

error ended_by_database() { return {errc::unavailable, "the database ended the statement"}; }

error connection_lost() { return {errc::unavailable, "the connection to the database was lost"}; }

error no_thread() { return {errc::unavailable, "can't start a thread to open a connection"}; }

error cannot_reach(std::string why) {
    return error(errc::unavailable, "the database can't be reached").caused_by(error(errc::unknown, std::move(why)));
}

} // namespace weir::orm
