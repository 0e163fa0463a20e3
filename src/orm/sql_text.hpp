// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

// How a database reads strings, identifiers and comments, within which a question mark is no value.
struct sql_syntax {
    std::string_view line_ends = "\n";     // of a comment
    bool escapes_in_strings = false;       // 'it\'s'
    bool escape_strings = false;           // E'it\'s'
    bool dollar_quotes = false;            // $$it's$$, $tag$it's$tag$
    bool backticks = false;                // `name`
    bool brackets = false;                 // [name]
    bool nested_comments = false;          // /* /* */ */
    bool hash_comments = false;            // # to the line's end
    bool dashes_before_space_only = false; // `1--1` is no comment
};

inline constexpr sql_syntax sqlite_syntax{.backticks = true, .brackets = true};
inline constexpr sql_syntax postgres_syntax{
    .line_ends = "\r\n", .escape_strings = true, .dollar_quotes = true, .nested_comments = true};
// With ANSI_QUOTES and without NO_BACKSLASH_ESCAPES.
inline constexpr sql_syntax mysql_syntax{
    .escapes_in_strings = true, .backticks = true, .hash_comments = true, .dashes_before_space_only = true};

// What stands before, between and behind the statement's values, each of which is a question mark: one piece more than
// there are values. `??` is a question mark itself. A space is added where a value would touch what it isn't part of.
std::vector<std::string> split_at_values(std::string_view sql, const sql_syntax& syntax);

// Whether nothing but spaces, semicolons and comments is there.
bool says_nothing(std::string_view sql, const sql_syntax& syntax);

// Whether it doesn't matter if the statement took effect: it only reads, or changes the connection alone. What isn't
// known here matters.
bool leaves_nothing(std::string_view sql, const sql_syntax& syntax);

// Whether the statement may change rows by its words: the first, or any behind WITH.
bool writes_rows(std::string_view sql, const sql_syntax& syntax);

} // namespace weir::orm
