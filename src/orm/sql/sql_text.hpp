// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

// A database's syntax of strings, identifiers and comments, in which a question mark is not a value.
struct sql_syntax {
    std::string_view line_ends = "\n";     // of a comment
    bool escapes_in_strings = false;       // 'it\'s'
    bool escape_strings = false;           // E'it\'s'
    bool dollar_quotes = false;            // $$it's$$, $tag$it's$tag$
    bool backticks = false;                // `name`
    bool brackets = false;                 // [name]
    bool nested_comments = false;          // /* /* */ */
    bool hash_comments = false;            // # to the end of the line
    bool dashes_before_space_only = false; // `1--1` is not a comment
};

inline constexpr sql_syntax sqlite_syntax{.backticks = true, .brackets = true};
inline constexpr sql_syntax postgres_syntax{
    .line_ends = "\r\n", .escape_strings = true, .dollar_quotes = true, .nested_comments = true};
// With ANSI_QUOTES and without NO_BACKSLASH_ESCAPES.
inline constexpr sql_syntax mysql_syntax{
    .escapes_in_strings = true, .backticks = true, .hash_comments = true, .dashes_before_space_only = true};

// ASCII letters in upper case, independent of the locale.
std::string upper_case(std::string text);

// Splits the statement at its values, the question marks; returns one piece more than there are values. `??` becomes a
// literal question mark. Adds a space where a value would merge with the text beside it.
std::vector<std::string> split_at_values(std::string_view sql, const sql_syntax& syntax);

// Whether the SQL consists only of spaces, semicolons and comments.
bool is_blank_sql(std::string_view sql, const sql_syntax& syntax);

// Whether the statement leaves nothing behind: it only reads, or changes only the connection. False for unknown
// statements.
bool has_no_lasting_effect(std::string_view sql, const sql_syntax& syntax);

// Whether the statement may change rows, judging by its keywords: the first, or any after WITH.
bool writes_rows(std::string_view sql, const sql_syntax& syntax);

} // namespace weir::orm
