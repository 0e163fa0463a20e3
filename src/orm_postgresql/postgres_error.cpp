// SPDX-License-Identifier: MIT
#include "orm_postgresql/postgres_error.hpp"

#include "orm/sql/database_error.hpp"

#include <algorithm>
#include <string>

namespace weir::orm {

namespace {

// The text between the first occurrences of two marks.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
    const std::size_t begin = text.find(from);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + from.size());
    const std::size_t end = text.find(to);
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

// The text in the first (0), second (1), ... pair of quotes.
std::string_view nth_quoted(std::string_view text, int n) {
    for (; n > 0; --n) {
        text.remove_prefix(std::min(text.find('"'), text.size() - 1) + 1);
        text.remove_prefix(std::min(text.find('"'), text.size() - 1) + 1);
    }
    return between(text, "\"", "\"");
}

// ... on table "pets" violates foreign key constraint "pets_owner_fkey", followed by ` on table "pets"` if the
// referenced row was to be erased: the first line then has three names, otherwise two. A server in another language may
// use other quotes.
error foreign_key_broken(std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.find('"') == std::string_view::npos) return foreign_key_violation();
    if (std::ranges::count(line, '"') > 4) return still_referenced(nth_quoted(line, 1));
    return missing_reference(between(text, "(", ")=("));
}

error constraint(std::string_view sqlstate, std::string_view text) {
    // DETAIL:  Key (openid)=(...) already exists. The words depend on the server's language, the parentheses don't.
    if (sqlstate == "23505") return unique_violation(between(text, "(", ")=("), between(text, "\"", "\""));
    if (sqlstate == "23503") return foreign_key_broken(text);
    if (sqlstate == "23502") return not_null_violation(between(text, "\"", "\""));
    if (sqlstate == "23514") return check_violation(between(text, "constraint \"", "\""));
    return other_violation();
}

std::string_view class_of(std::string_view sqlstate) { return sqlstate.substr(0, 2); }

} // namespace

error postgres_error(std::string_view sqlstate, std::string_view text) {
    const std::string_view kind = class_of(sqlstate);
    if (kind == "23") return constraint(sqlstate, text);
    if (sqlstate == "40001" || sqlstate == "40P01") return lost_against_another();
    if (sqlstate == "57014") return statement_too_slow();
    if (sqlstate == "55P03") return rows_locked();
    if (sqlstate == "25006") return read_only_here();
    if (sqlstate == "22001") return too_long();
    if (sqlstate == "22003") return out_of_range();
    if (kind == "22") return {errc::invalid_argument, "a value can't be stored"};
    if (sqlstate == "54000") return {errc::too_large, "a value is too large for the database, or for an index on it"};
    if (kind == "53") return {errc::unavailable, "the database is out of resources"};
    if (kind == "08" || kind == "57") return connection_lost();
    return {errc::internal, "the query failed"};
}

bool postgres_is_gone(std::string_view sqlstate) {
    return class_of(sqlstate) == "08" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
           sqlstate == "57P05";
}

std::string without_values(std::string_view sqlstate, std::string_view text) {
    text = text.substr(0, text.find('\n'));
    if (class_of(sqlstate) == "22") text = text.substr(0, text.find('"'));
    std::string made(text);
    if (sqlstate == "26000" || sqlstate == "42P05") // statement doesn't exist, statement already exists
        made += "; behind a pooler in transaction mode set database_options::prepared_statements = false";
    return made;
}

} // namespace weir::orm
