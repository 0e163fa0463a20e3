// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_error.hpp"

#include "orm/sql/database_error.hpp"

namespace weir::orm {

namespace {

// The last quoted part: a quoted value before it may contain quotes itself.
std::string_view last_quoted(std::string_view text, char left, char right) {
    const std::size_t end = text.rfind(right);
    if (end == std::string_view::npos || end == 0) return {};
    const std::size_t begin = text.rfind(left, end - 1);
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

std::string_view first_quoted(std::string_view text, char quote) {
    const std::size_t begin = text.find(quote);
    if (begin == std::string_view::npos) return {};
    const std::size_t end = text.find(quote, begin + 1);
    return end == std::string_view::npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

// MySQL 8 has `users.users_openid_unique`, MariaDB only the key.
std::string_view without_table(std::string_view key) {
    return key.substr(key.find('.') == std::string_view::npos ? 0 : key.find('.') + 1);
}

// CONSTRAINT "pet_owner" in weir's sql_mode, CONSTRAINT `pet_owner` in others.
std::string_view quoted_after(std::string_view text, std::string_view word) {
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + word.size());
    return text.empty() ? text : first_quoted(text, text.front());
}

} // namespace

error mysql_failure(unsigned code, std::string_view text, std::string_view columns) {
    switch (code) {
    case mysql_duplicate_entry:
        return unique_violation(columns, mysql_key_in(text));
    case 1451: // ER_ROW_IS_REFERENCED_2
        return still_referenced(quoted_after(text, "CONSTRAINT "));
    case 1452: // ER_NO_REFERENCED_ROW_2
        return missing_reference(quoted_after(text, "FOREIGN KEY ("));
    case 1048: // ER_BAD_NULL_ERROR
    case 1364: // ER_NO_DEFAULT_FOR_FIELD
        return not_null_violation(first_quoted(text, '\''));
    case 4025: // ER_CONSTRAINT_FAILED of MariaDB
        return check_violation(without_table(quoted_after(text, "CONSTRAINT ")));
    case 3819: // ER_CHECK_CONSTRAINT_VIOLATED of MySQL
        return check_violation(first_quoted(text, '\''));
    case 1406: // ER_DATA_TOO_LONG
        return too_long(first_quoted(text, '\''));
    case 1264: // ER_WARN_DATA_OUT_OF_RANGE
        return out_of_range(first_quoted(text, '\''));
    case 1690: // ER_DATA_OUT_OF_RANGE of a calculation
        return out_of_range();
    case 1292: // ER_TRUNCATED_WRONG_VALUE
    case 1366: // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
        return {errc::invalid_argument, "a value can't be stored"};
    case 1213: // ER_LOCK_DEADLOCK
    case 1020: // ER_CHECKREAD
        return lost_against_another();
    case 1205: // ER_LOCK_WAIT_TIMEOUT, on MariaDB also for NOWAIT
    case 3572: // ER_LOCK_NOWAIT of MySQL
        return rows_locked();
    case 1969: // ER_STATEMENT_TIMEOUT of MariaDB
    case 3024: // ER_QUERY_TIMEOUT of MySQL
        return statement_too_slow();
    case mysql_query_interrupted:
        return ended_by_database();
    case 1071: // ER_TOO_LONG_KEY
    case 1074: // ER_TOO_BIG_FIELDLENGTH
        return {errc::invalid_argument, "an index exceeds MySQL's limit of 768 characters: give its strings a "
                                        "smaller max_length"};
    case 1118: // ER_TOO_BIG_ROWSIZE
        return {errc::invalid_argument, "a table's row is too long for MySQL: give its long strings no max_length, or "
                                        "one above 16000"};
    case 1153: // ER_NET_PACKET_TOO_LARGE
    case 2020: // CR_NET_PACKET_TOO_LARGE
        return larger_than_packet();
    case 1290: // ER_OPTION_PREVENTS_STATEMENT
    case 1792: // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
        return read_only_here();
    case 1040: // ER_CON_COUNT_ERROR
    case 1203: // ER_TOO_MANY_USER_CONNECTIONS
        return {errc::unavailable, "the database is out of resources"};
    default:
        if (mysql_is_gone(code)) return connection_lost();
        return {errc::internal, "the query failed"};
    }
}

error larger_than_packet() {
    return {errc::too_large,
            "a statement is larger than the server's max_allowed_packet: send less at once, or raise it"};
}

std::string_view mysql_key_in(std::string_view text) { return without_table(last_quoted(text, '\'', '\'')); }

bool mysql_is_gone(unsigned code) {
    switch (code) {
    case 1053: // ER_SERVER_SHUTDOWN
    case 1153: // ER_NET_PACKET_TOO_LARGE
    case 1927: // ER_CONNECTION_KILLED
    case 2006: // CR_SERVER_GONE_ERROR
    case 2013: // CR_SERVER_LOST
    case 2055: // CR_SERVER_LOST_EXTENDED
        return true;
    default:
        return false;
    }
}

std::string mysql_text_without_values(unsigned code, std::string_view text) {
    switch (code) {
    case mysql_duplicate_entry:
        return "duplicate entry for key " + std::string(mysql_key_in(text));
    case 1064: // ER_PARSE_ERROR: `near '...'` quotes the statement with its values
    case 1292: // ER_TRUNCATED_WRONG_VALUE
    case 1366: // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    case 1690: // ER_DATA_OUT_OF_RANGE: `... in '(n + 5)'`
        return std::string(text.substr(0, text.find('\'')));
    default:
        return std::string(text);
    }
}

} // namespace weir::orm
