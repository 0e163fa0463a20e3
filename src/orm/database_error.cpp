// SPDX-License-Identifier: MIT
#include "orm/database_error.hpp"

#include <algorithm>
#include <string>
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
    return with_fields(error(errc::already_exists, named + " is already taken"), std::move(fields), "unique",
                       "is already taken");
}

error foreign_key_violation() {
    return {errc::conflict, "refers to a row that isn't there, or a row still refers to this one"};
}

error refers_to_nothing(std::string_view columns) {
    return with_fields(error(errc::conflict, "refers to a row that isn't there"), columns_in(columns), "foreign_key",
                       "refers to no row");
}

error still_referred_to(std::string_view constraint) {
    return with_fields(error(errc::conflict, "other rows still refer to this one"), columns_in(constraint),
                       "foreign_key", "still refers to this row");
}

error not_null_violation(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a required value is missing"), columns_in(columns), "required",
                       "must not be null");
}

error check_violation(std::string_view constraint) {
    return with_fields(error(errc::validation_failed, "a value breaks a rule of its table"), columns_in(constraint),
                       "check", "breaks a rule of its table");
}

error other_violation() { return {errc::conflict, "a rule of the database forbids this"}; }

error too_long(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a value is too long for its column"), columns_in(columns),
                       "max_length", "is too long");
}

error out_of_range(std::string_view columns) {
    return with_fields(error(errc::validation_failed, "a number is out of its column's range"), columns_in(columns),
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
    return error(errc::conflict, "another transaction was faster: run this one again").with_code("try_again");
}

error schema_changed() {
    return error(errc::unavailable, "the database's tables have just changed: try again").with_code("try_again");
}

error read_only_here() { return {errc::unavailable, "the database is read-only here"}; }

error rows_locked() { return {errc::unavailable, "the rows are locked"}; }

error statement_too_slow() { return {errc::deadline_exceeded, "the statement took too long"}; }

error ended_by_database() { return {errc::unavailable, "the database ended the statement"}; }

error connection_lost() { return {errc::unavailable, "the connection to the database was lost"}; }

error no_thread() { return {errc::unavailable, "no thread can be had to open a connection"}; }

error cannot_reach(std::string why) {
    return error(errc::unavailable, "the database can't be reached").caused_by(error(errc::unknown, std::move(why)));
}

} // namespace weir::orm
