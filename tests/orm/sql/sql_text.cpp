// SPDX-License-Identifier: MIT
#include "orm/sql/sql_text.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace weir;

namespace {

struct sql_case {
    const char* sql;
    const char* marked; // with {} for each value
};

// The statement with {} for each value.
std::string with_marks(std::string_view sql, const orm::sql_syntax& syntax) {
    std::string made;
    for (const auto& part : orm::split_at_values(sql, syntax)) made.append(made.empty() ? "" : "{}").append(part);
    return made;
}

void check_marks(const orm::sql_syntax& syntax, const std::vector<sql_case>& cases) {
    for (const auto& one : cases) {
        CAPTURE(std::string(one.sql));
        const std::string text = std::string("-- \n") + one.sql; // so that no piece is empty
        CHECK(with_marks(text, syntax) == std::string("-- \n") + one.marked);
    }
}

constexpr const orm::sql_syntax* every_syntax[] = {&orm::sqlite_syntax, &orm::postgres_syntax, &orm::mysql_syntax};

} // namespace

TEST_CASE("a question mark is a value, and `??` a literal question mark") {
    for (const auto* syntax : every_syntax)
        check_marks(
            *syntax,
            {
                {"a = ? AND b IN (?, ?)", "a = {} AND b IN ({}, {})"},
                {"a ?? b", "a ? b"},
                {"a ??| b ??& ?", "a ?| b ?& {}"},
                {"a ??? b", "a ? {} b"},
                {"?", "{}"},
                {"", ""},
            });
}

TEST_CASE("only question marks are values: not names after colons, casts, slices or numbers") {
    for (const auto* syntax : every_syntax)
        check_marks(*syntax, {
                                 {"SELECT :name, @name, $1, :v1", "SELECT :name, @name, $1, :v1"},
                                 {"SELECT ?::int, x::text", "SELECT {} ::int, x::text"},
                                 {"SELECT a.b(1:2) := 'x:y'", "SELECT a.b(1:2) := 'x:y'"},
                             });
    check_marks(orm::postgres_syntax, {{"SELECT a[1:2], a[?:?]", "SELECT a[1:2], a[ {} : {} ]"}});
}

TEST_CASE("question marks in strings, identifiers and comments aren't values") {
    for (const auto* syntax : every_syntax)
        check_marks(
            *syntax,
            {
                {"'?' \"?\" 'it''s ?' \"a\"\"?\" ?", "'?' \"?\" 'it''s ?' \"a\"\"?\" {}"},
                {"'a??b' \"a??b\" -- a??b", "'a??b' \"a??b\" -- a??b"},
                {"/* ? */ a = ?", "/* ? */ a = {}"},
                {"a = ? /* why? * / ' */ AND b = ?", "a = {} /* why? * / ' */ AND b = {}"},
                {"/*/ ? */ a = ?", "/*/ ? */ a = {}"},
                {"a / ? * ?", "a / {} * {}"},
                {"-- ?\na = ? -- ?", "-- ?\na = {} -- ?"},
                {"-- it's\na = ?", "-- it's\na = {}"},
                {"'never closed ?", "'never closed ?"},
                {"\"never closed ?", "\"never closed ?"},
                {"/* never closed ?", "/* never closed ?"},
                {"? /*", "{} /*"},
            });
}

TEST_CASE("a value doesn't merge with the text beside it") {
    for (const auto* syntax : every_syntax)
        check_marks(
            *syntax,
            {
                {"a=?and b=?", "a={} and b={}"},
                {"LIMIT 1?", "LIMIT 1 {}"},
                {"?1", "{} 1"},
                {"'a'?'b'", "'a' {} 'b'"},
                {"x+?", "x+ {}"},
            });
}

TEST_CASE("SQLite has names in brackets and backticks, and no escapes") {
    check_marks(
        orm::sqlite_syntax,
        {
            {"[?] = ? AND [a'] = ?", "[?] = {} AND [a'] = {}"},
            {"`?` = ?", "`?` = {}"},
            {"'\\' = ? AND a = '?'", "'\\' = {} AND a = '?'"},
            {"E'\\' = ?", "E'\\' = {}"},
            {"/* /* ? */ ?", "/* /* ? */ {}"},
            {"--?\r?\n?", "--?\r?\n{}"},
            {"$$?$$", "$$ {} $$"},
        });
}

TEST_CASE("PostgreSQL has dollar quotes, strings with escapes and nested comments") {
    check_marks(
        orm::postgres_syntax,
        {
            {"$$why? :x$$ || ?", "$$why? :x$$ || {}"},
            {"$a$ ? $b$ ? $$ ? $a$ ?", "$a$ ? $b$ ? $$ ? $a$ {}"},
            {"$ä_1$ ? $ä_1$ ?", "$ä_1$ ? $ä_1$ {}"},
            {"$1$ ? $1$", "$1$ {} $1$"},
            {"name$$ = ? AND b$$ = ?", "name$$ = {} AND b$$ = {}"},
            {"$$ never closed ?", "$$ never closed ?"},
            {"$", "$"},
            {"E'it\\'s ?' ?", "E'it\\'s ?' {}"},
            {"e'a''\\'?' ?", "e'a''\\'?' {}"},
            {"E'\\\\' ?", "E'\\\\' {}"},
            {"E'ends \\", "E'ends \\"},
            {"E'a' -- 'b\n  'c\\'?' ?", "E'a' -- 'b\n  'c\\'?' {}"},
            {"E'a' '\\' = ?", "E'a' '\\' = {}"},
            {"nameE'\\' = ?", "nameE'\\' = {}"},
            {"'\\' = ?", "'\\' = {}"},
            {"U&'\\0041' = ?", "U&'\\0041' = {}"},
            {"/* /* ? */ ? */ ?", "/* /* ? */ ? */ {}"},
            {"/* /* ? */ ?", "/* /* ? */ ?"},
            {"--?\r?", "--?\r{}"},
            {"a ` ?", "a ` {}"},
            {"a # ?", "a # {}"},
        });
}

TEST_CASE("MySQL has escapes in strings, names in backticks and # comments") {
    check_marks(
        orm::mysql_syntax,
        {
            {"'it\\'s ?' ?", "'it\\'s ?' {}"},
            {"'\\\\' ?", "'\\\\' {}"},
            {"'a''\\'?' ?", "'a''\\'?' {}"},
            {"\"\\\" = ?", "\"\\\" = {}"},
            {"`?`` ?` = ?", "`?`` ?` = {}"},
            {"1 # ? it's\n+ ?", "1 # ? it's\n+ {}"},
            {"1--? + ?", "1--{} + {}"}, // followed by a space it would be a comment
            {"1 --\t?\n+ ?", "1 --\t?\n+ {}"},
            {"1 --", "1 --"},
            {"/* /* ? */ ?", "/* /* ? */ {}"},
            {"/*! ? */ ?", "/*! ? */ {}"},
            {"$$?$$", "$$ {} $$"},
        });
}

TEST_CASE("a statement without content is empty, or spaces, semicolons and comments") {
    for (const char* silent : {"", " \n;", "; -- a; b", "/* SELECT 1 */ ; -- 2\n"}) {
        CAPTURE(std::string(silent));
        CHECK(orm::is_blank_sql(silent, orm::sqlite_syntax));
    }
    for (const char* loud : {"SELECT 1", "; x", "-- 1\n2", "/* */ 'text'", "?"}) {
        CAPTURE(std::string(loud));
        CHECK(!orm::is_blank_sql(loud, orm::sqlite_syntax));
    }
}

TEST_CASE("the first word after comments decides whether a statement only reads") {
    for (const char* harmless :
         {"SELECT 1", "  select(1)", "(VALUES (1))", "/* a */ -- b\n SELECT 1", "Fetch 5 FROM c"}) {
        CAPTURE(std::string(harmless));
        CHECK(orm::has_no_lasting_effect(harmless, orm::mysql_syntax));
    }
    for (const char* matters : {"", "DELETE FROM t", "/* SELECT */ DELETE FROM t", "WITH a AS (DELETE FROM t) SELECT 1",
                                "SELECTED", "'SELECT'", "/*! DELETE FROM t */ SELECT 1", "/*M! DELETE */ SELECT 1"}) {
        CAPTURE(std::string(matters));
        CHECK(!orm::has_no_lasting_effect(matters, orm::mysql_syntax));
    }
}

TEST_CASE("a statement's keywords decide whether it may change rows") {
    for (const char* writing : {"insert INTO t VALUES (1)", "/* a */ DELETE FROM t", "REPLACE INTO t VALUES (1)",
                                "WITH a AS (SELECT 1) Update t SET n = 1"}) {
        CAPTURE(std::string(writing));
        CHECK(orm::writes_rows(writing, orm::mysql_syntax));
    }
    for (const char* other : {"SELECT 'delete'", "", "CALL delete_all()", "SELECT n FROM t FOR UPDATE",
                              "WITH a AS (SELECT 'delete', updated FROM t) SELECT `delete` FROM a -- delete"}) {
        CAPTURE(std::string(other));
        CHECK(!orm::writes_rows(other, orm::mysql_syntax));
    }
}
