// SPDX-License-Identifier: MIT
#include "orm/sql/sql_text.hpp"

#include <algorithm>
#include <span>

namespace weir::orm {

namespace {

constexpr std::string_view spaces = " \t\r\n\f\v";

bool is_one_of(std::string_view choices, char c) { return choices.find(c) != std::string_view::npos; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_in_word(char c) {
    const bool is_ascii_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_ascii_letter || is_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_space_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

std::size_t behind(std::string_view mark, std::string_view sql, std::size_t from) {
    const std::size_t found = sql.find(mark, from);
    return found == std::string_view::npos ? sql.size() : found + mark.size();
}

// The functions below return the size of the token at the front of the SQL, or 0 if it is of another kind.

std::size_t line_size(std::string_view sql, const sql_syntax& syntax) {
    return std::min(sql.find_first_of(syntax.line_ends), sql.size());
}

// A doubled quote is part of the quoted text.
std::size_t quoted_size(std::string_view sql, bool escapes) {
    const char quote = sql.front();
    for (std::size_t at = 1; at < sql.size(); ++at) {
        if (escapes && sql[at] == '\\') {
            ++at;
        } else if (sql[at] == quote) {
            if (!sql.substr(at + 1).starts_with(quote)) return at + 1;
            ++at;
        }
    }
    return sql.size();
}

// The size of the gap between two parts of a string, which PostgreSQL continues on a later line; 0 if none follows.
std::size_t gap_in_string(std::string_view sql, const sql_syntax& syntax) {
    bool is_below = false;
    for (std::size_t at = 0; at < sql.size();) {
        if (sql.substr(at).starts_with("--")) {
            at += line_size(sql.substr(at), syntax);
        } else if (is_one_of(spaces, sql[at])) {
            is_below = is_below || is_one_of(syntax.line_ends, sql[at]);
            ++at;
        } else {
            return is_below && sql[at] == '\'' ? at : 0;
        }
    }
    return 0;
}

// An E'...' string keeps its escapes in all its parts.
std::size_t escape_string_size(std::string_view sql, const sql_syntax& syntax) {
    std::size_t size = 1; // the E
    for (std::size_t gap = 0;; size += gap) {
        size += quoted_size(sql.substr(size), true);
        gap = gap_in_string(sql.substr(size), syntax);
        if (gap == 0) return size;
    }
}

std::size_t dollar_quoted_size(std::string_view sql) {
    std::size_t end = 1;
    while (end < sql.size() && is_in_word(sql[end])) ++end;
    const bool begins = sql.substr(end).starts_with('$') && !is_digit(sql[1]);
    return begins ? behind(sql.substr(0, end + 1), sql, end + 1) : 0;
}

std::size_t nested_comment_size(std::string_view sql) {
    std::size_t at = 2;
    for (std::size_t depth = 1; depth > 0 && at < sql.size();) {
        const std::string_view mark = sql.substr(at, 2);
        if (mark == "/*") ++depth;
        if (mark == "*/") --depth;
        at += mark == "/*" || mark == "*/" ? 2 : 1;
    }
    return at;
}

bool begins_line_comment(std::string_view sql, const sql_syntax& syntax) {
    if (sql.front() == '#') return syntax.hash_comments;
    if (!sql.starts_with("--")) return false;
    return !syntax.dashes_before_space_only || sql.size() == 2 || is_space_or_control(sql[2]);
}

std::size_t comment_size(std::string_view sql, const sql_syntax& syntax) {
    if (begins_line_comment(sql, syntax)) return line_size(sql, syntax);
    if (!sql.starts_with("/*")) return 0;
    return syntax.nested_comments ? nested_comment_size(sql) : behind("*/", sql, 2);
}

std::size_t string_or_name_size(std::string_view sql, const sql_syntax& syntax) {
    switch (sql.front()) {
    case '\'':
        return quoted_size(sql, syntax.escapes_in_strings);
    case '"':
        return quoted_size(sql, false);
    case '`':
        return syntax.backticks ? quoted_size(sql, false) : 0;
    case '[':
        return syntax.brackets ? behind("]", sql, 1) : 0;
    case '$':
        return syntax.dollar_quotes ? dollar_quoted_size(sql) : 0;
    case 'E':
    case 'e':
        return syntax.escape_strings && sql.substr(1).starts_with('\'') ? escape_string_size(sql, syntax) : 0;
    default:
        return 0;
    }
}

std::size_t word_size(std::string_view sql) {
    if (!is_in_word(sql.front())) return 0;
    const auto end = std::ranges::find_if_not(sql, [](char c) { return is_in_word(c) || c == '$'; });
    return static_cast<std::size_t>(end - sql.begin());
}

enum class piece_kind { comment, quoted, word, value, question_mark, other };

struct sql_piece {
    piece_kind kind;
    std::string_view text;
};

sql_piece first_piece(std::string_view sql, const sql_syntax& syntax) {
    if (const auto size = comment_size(sql, syntax)) return {piece_kind::comment, sql.substr(0, size)};
    if (const auto size = string_or_name_size(sql, syntax)) return {piece_kind::quoted, sql.substr(0, size)};
    if (const auto size = word_size(sql)) return {piece_kind::word, sql.substr(0, size)};
    if (sql.starts_with("??")) return {piece_kind::question_mark, sql.substr(0, 2)};
    return {sql.front() == '?' ? piece_kind::value : piece_kind::other, sql.substr(0, 1)};
}

// Passes each piece to `see` while it returns true.
template<class F>
void for_each_piece(std::string_view sql, const sql_syntax& syntax, F see) {
    while (!sql.empty()) {
        const sql_piece piece = first_piece(sql, syntax);
        if (!see(piece)) return;
        sql.remove_prefix(piece.text.size());
    }
}

// Whether a value can directly follow or precede this character without merging with it. After `--` a space would begin
// a comment.
bool keeps_apart(char c) { return is_one_of(spaces, c) || is_one_of("(),=<>-", c); }

} // namespace

std::string upper_case(std::string text) {
    for (char& character : text)
        if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
    return text;
}

std::vector<std::string> split_at_values(std::string_view sql, const sql_syntax& syntax) {
    std::vector<std::string> parts(1);
    for_each_piece(sql, syntax, [&](const sql_piece& piece) {
        if (piece.kind == piece_kind::value) {
            if (!parts.back().empty() && !keeps_apart(parts.back().back())) parts.back() += ' ';
            parts.emplace_back();
            return true;
        }
        if (parts.size() > 1 && parts.back().empty() && !keeps_apart(piece.text.front())) parts.back() += ' ';
        parts.back() += piece.kind == piece_kind::question_mark ? piece.text.substr(1) : piece.text;
        return true;
    });
    return parts;
}

bool is_blank_sql(std::string_view sql, const sql_syntax& syntax) {
    bool silent = true;
    for_each_piece(sql, syntax, [&](const sql_piece& piece) {
        const char first = piece.text.front();
        silent = piece.kind == piece_kind::comment || is_one_of(spaces, first) || first == ';';
        return silent;
    });
    return silent;
}

namespace {

// MySQL executes the contents of such a comment.
bool is_code(std::string_view comment) { return comment.starts_with("/*!") || comment.starts_with("/*M!"); }

std::string_view first_word(std::string_view sql, const sql_syntax& syntax) {
    std::string_view word;
    for_each_piece(sql, syntax, [&](const sql_piece& piece) {
        const char first = piece.text.front();
        if (is_one_of(spaces, first) || first == '(') return true;
        if (piece.kind == piece_kind::comment && !is_code(piece.text)) return true;
        word = piece.text;
        return false;
    });
    return word;
}

// ASCII only: avoids the locale for each statement.
bool is_same_word(std::string_view word, std::string_view lower_case) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(word, lower_case, {}, lower);
}

bool is_among(std::string_view word, std::span<const std::string_view> lower_case) {
    return std::ranges::any_of(lower_case, [word](std::string_view one) { return is_same_word(word, one); });
}

} // namespace

bool has_no_lasting_effect(std::string_view sql, const sql_syntax& syntax) {
    static constexpr std::string_view harmless[] = {
        "select", "values", "show", "explain", "begin", "start", "set", "fetch", "close", "declare", "rollback"};
    return is_among(first_word(sql, syntax), harmless);
}

bool writes_rows(std::string_view sql, const sql_syntax& syntax) {
    static constexpr std::string_view writing[] = {"insert", "update", "delete", "replace"};
    const auto first = first_word(sql, syntax);
    if (!is_same_word(first, "with")) return is_among(first, writing);
    bool found = false;
    for_each_piece(sql, syntax, [&](const sql_piece& piece) {
        found = piece.kind == piece_kind::word && is_among(piece.text, writing);
        return !found;
    });
    return found;
}

} // namespace weir::orm
