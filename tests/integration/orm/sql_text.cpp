// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

using namespace weir;
using namespace orm_test;

namespace {

// What a statement with one value selects.
template<class T, class... Args>
T selected(open_database& on, std::string sql, Args... args) {
    auto rows = on.ask(on.db.query<T>(std::move(sql), std::move(args)...)).value();
    REQUIRE(rows.size() == 1);
    return std::move(rows.front());
}

} // namespace

DATABASE_TEST_CASE("a statement reaches the database unchanged, except for its question marks") {
    open_database on(kind);
    CHECK(selected<std::string>(on, "SELECT ':x ? it''s' AS \"a:b?\" FROM (SELECT 1 AS n) t WHERE n = ? -- :y ?", 1) ==
          ":x ? it's");
    CHECK(selected<std::string>(on, "SELECT /* it's ? :x */ 'a??b' FROM (SELECT 2 AS n) t WHERE n=?", 2) == "a??b");
    CHECK(selected<std::int64_t>(on, "SELECT 10 -?- ?", 3, 4) == 3);
    CHECK(on.ask(on.db.query<std::int64_t>("SELECT 1?", 2)).error() == errc::internal);
}

DATABASE_TEST_CASE("a name after a colon isn't a value, and the database interprets it") {
    open_database on(kind);
    const auto refused = on.ask(on.db.query<std::int64_t>("SELECT :name")).error();
    CHECK(refused == (kind.is_server() ? errc::internal : errc::invalid_argument));
    CHECK(on.ask(on.db.query<std::int64_t>("SELECT :name", 1)).error() == errc::invalid_argument);
    CHECK(on.ask(on.db.query<std::int64_t>("SELECT ?, ?", 1)).error() == errc::invalid_argument);
    CHECK(on.ask(on.db.query<std::int64_t>(std::string("SELECT 1\0, 2", 12))).error() == errc::invalid_argument);
}

TEST_CASE("SQLite's other placeholders are refused, and its names in brackets kept") {
    open_database on(sqlite);
    for (const char* sql : {"SELECT ?5", "SELECT ?, @name", "SELECT ?, $name", "SELECT ?, :name"}) {
        CAPTURE(std::string(sql));
        const auto refused = on.ask(on.db.query<std::int64_t>(sql, 1)).error();
        CHECK(refused == errc::invalid_argument);
        CHECK(refused.message().find("values are marked by question marks only") != std::string_view::npos);
    }
    CHECK(selected<std::int64_t>(on, "SELECT [a?:b] FROM (SELECT ? AS [a?:b])", 7) == 7);
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("PostgreSQL's own SQL stays unchanged: dollar quotes, casts, slices, operators with question marks") {
    open_database on(postgres);
    CHECK(selected<std::string>(on, "SELECT $$why? :x$$") == "why? :x");
    CHECK(selected<std::string>(on, "SELECT $a$? $$ :x$a$ || ?", "!") == "? $$ :x!");
    CHECK(selected<std::string>(on, "SELECT E'it\\'s ? :x'\n  '\\'?' || ?", "!") == "it's ? :x'?!");
    CHECK(selected<std::int64_t>(on, "SELECT ?::int + '2'::int", "40") == 42);
    CHECK(selected<std::int64_t>(on, "SELECT array_length((ARRAY[1, 2, 3])[?:3], 1)", 2) == 2);
    CHECK(selected<std::int64_t>(on, "SELECT array_length((ARRAY[1, 2, 3])[1:2], 1)") == 2);
    CHECK(selected<bool>(on, "SELECT '{\"a\": 1}'::jsonb ?? ?", "a"));
    CHECK(selected<bool>(on, "SELECT '{\"a\": 1}'::jsonb ??| ARRAY[?, 'b']", "c") == false);
    CHECK(selected<std::int64_t>(on, "SELECT 1 /* /* ? */ ? */ + ?", 2) == 3);
    CHECK(selected<std::string>(on, "SELECT '\\' || ?", "n") == "\\n");
}

TEST_CASE("PostgreSQL's message about a statement that it can't prepare is in the log") {
    open_database on(postgres);
    const auto wrong = on.ask(on.db.query<std::int64_t>("SELECT nothing FROM nowhere")).error();
    CHECK(wrong == errc::internal);
    CHECK(wrong.message() == "the query failed");
    CHECK(wrong.describe().find("postgresql 42P01: ") != std::string::npos);
    CHECK(wrong.describe().find("relation \"nowhere\" does not exist") != std::string::npos);
}
#endif

#ifdef WEIR_TEST_MARIADB
TEST_CASE("MySQL's own SQL stays unchanged: escapes, names in backticks, # comments, user variables") {
    open_database on(mariadb);
    CHECK(selected<std::string>(on, "SELECT 'it\\'s ? :x' # ? it's\n") == "it's ? :x");
    CHECK(selected<std::string>(on, "SELECT concat('\\\\', ?, '\\'?')", "'") == "\\''?");
    CHECK(selected<std::int64_t>(on, "SELECT `a?:b` FROM (SELECT ? AS `a?:b`) t", 7) == 7);
    CHECK(selected<std::int64_t>(on, "SELECT 1--?", 2) == 3);
    CHECK(selected<std::int64_t>(on, "SELECT @seen := ?", 4) == 4);
}
#endif
