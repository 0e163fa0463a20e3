// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

struct ticket {
    std::int64_t id{};
    weir::wall_time made_at{};
    std::string body{};
    std::string token{};
    bool done{};
    std::int64_t tries{};
};
BOOST_DESCRIBE_STRUCT(ticket, (), (id, made_at, body, token, done, tries))

// A table with column types that SQLite accepts and SOCI doesn't know.
struct tickets_fixture {
    loop home;
    database db{":memory:"};

    tickets_fixture() {
        home.block_on(
                db.execute("CREATE TABLE tickets (id INTEGER PRIMARY KEY, made_at TIMESTAMP NOT NULL, "
                           "body JSON NOT NULL, token UUID NOT NULL, done BOOL NOT NULL, tries INTEGER NOT NULL)"))
            .value();
    }

    template<class Row>
    std::vector<Row> outside(std::string sql) {
        return home.block_on(db.query<Row>(std::move(sql))).value();
    }

    template<class Row>
    std::vector<Row> inside(const std::string& sql) {
        auto body = [&](transaction& tx) { return tx.query<Row>(sql); };
        return home.block_on(db.transaction(body)).value();
    }

    std::int64_t number(const char* sql) { return outside<std::int64_t>(sql).front(); }
};

constexpr const char* one_more =
    "INSERT INTO tickets (made_at, body, token, done, tries) "
    "VALUES ('2026-11-23 08:30:00', '{}', 'b9c1', 1, 0) "
    "RETURNING id, made_at, body, token, done, tries";

} // namespace

TEST_CASE_FIXTURE(tickets_fixture, "INSERT ... RETURNING stores one row for any declared column types") {
    const auto first = outside<ticket>(one_more);
    REQUIRE(first.size() == 1);
    CHECK(first[0].id == 1);
    CHECK(first[0].token == "b9c1");
    CHECK(first[0].done);
    CHECK(inside<ticket>(one_more).front().id == 2);
    CHECK(outside<ticket>(one_more).front().id == 3); // the statement is cached since the first time
    CHECK(number("SELECT count(*) FROM tickets") == 3);
}

TEST_CASE_FIXTURE(tickets_fixture, "UPDATE ... RETURNING changes its rows once") {
    constexpr const char* again =
        "UPDATE tickets SET tries = tries + 1 RETURNING id, made_at, body, token, done, tries";
    outside<ticket>(one_more);
    CHECK(outside<ticket>(again).front().tries == 1);
    CHECK(inside<ticket>(again).front().tries == 2);
    CHECK(number("SELECT tries FROM tickets") == 2);
}

TEST_CASE_FIXTURE(tickets_fixture, "DELETE ... RETURNING removes exactly the rows it returns") {
    constexpr const char* take = "DELETE FROM tickets WHERE id = (SELECT min(id) FROM tickets) RETURNING token";
    for (int i = 0; i < 3; ++i) outside<ticket>(one_more);
    CHECK(outside<std::string>(take) == std::vector<std::string>{"b9c1"});
    CHECK(number("SELECT count(*) FROM tickets") == 2);
    CHECK(inside<std::string>(take) == std::vector<std::string>{"b9c1"});
    CHECK(number("SELECT min(id) FROM tickets") == 3);
}

TEST_CASE_FIXTURE(tickets_fixture, "a returned value that doesn't fit its member doesn't run the statement again") {
    outside<ticket>(one_more);
    for (const char* name : {"made_at", "\"\""}) {
        CAPTURE(name);
        const std::string sql = std::string("UPDATE tickets SET tries = tries + 1 RETURNING token AS ") + name;
        CHECK(home.block_on(db.query<wall_time>(sql)).error() == errc::internal);
    }
    CHECK(number("SELECT tries FROM tickets") == 2);
}

TEST_CASE_FIXTURE(tickets_fixture, "a statement whose columns don't match its row changes nothing") {
    outside<ticket>(one_more);
    for (const char* sql : {"UPDATE tickets SET tries = 9 RETURNING id, token", "UPDATE tickets SET tries = 9",
                            "DELETE FROM tickets RETURNING *", one_more}) {
        CAPTURE(std::string(sql));
        CHECK(home.block_on(db.query<std::int64_t>(sql)).error() == errc::invalid_argument);
    }
    CHECK(number("SELECT sum(tries) FROM tickets") == 0);
    CHECK(number("SELECT count(*) FROM tickets") == 1);
}
