// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

struct alice_fixture {
    loop home;
    database db{":memory:"};
    repository<user> rows{db};

    user alice;

    alice_fixture() {
        alice.openid = "wx-alice";
        home.block_on(rows.insert(alice)).value();
    }

    error failure(std::string sql) { return home.block_on(db.execute(std::move(sql))).error(); }
};

} // namespace

TEST_CASE_FIXTURE(alice_fixture, "a taken unique value is already_exists and names its field") {
    user twin;
    twin.openid = "wx-alice";
    const auto taken = home.block_on(rows.insert(twin)).error();
    CHECK(taken == errc::already_exists);
    CHECK(taken.message() == "openid is already taken");
    REQUIRE(taken.details().size() == 1);
    CHECK(taken.details()[0] == error_detail{"openid", "unique", "is already taken"});
    CHECK(twin.id == 0);
}

TEST_CASE_FIXTURE(alice_fixture, "update runs into a unique value as insert does") {
    user bob;
    bob.openid = "wx-bob";
    CHECK(home.block_on(rows.insert(bob)));
    bob.openid = alice.openid;
    CHECK(home.block_on(rows.update(bob)).error() == errc::already_exists);
}

TEST_CASE_FIXTURE(alice_fixture, "a unique rule over several columns names all of them") {
    CHECK(home.block_on(db.execute("CREATE TABLE seat (line TEXT, place INTEGER, UNIQUE (line, place))")));
    CHECK(home.block_on(db.execute("INSERT INTO seat VALUES ('A', 1)")).value() == 1);
    const auto taken = failure("INSERT INTO seat VALUES ('A', 1)");
    CHECK(taken.message() == "line, place is already taken");
    REQUIRE(taken.details().size() == 2);
    CHECK(taken.details()[1].field == "place");
}

TEST_CASE_FIXTURE(alice_fixture, "foreign keys, null and checks have kinds of their own") {
    CHECK(home.block_on(db.execute("CREATE TABLE pet (owner INTEGER NOT NULL REFERENCES users(id), "
                                   "age INTEGER CONSTRAINT age_is_positive CHECK (age > 0))")));
    CHECK(failure("INSERT INTO pet VALUES (77, 1)") == errc::conflict);
    const auto missing = failure("INSERT INTO pet VALUES (NULL, 1)");
    CHECK(missing == errc::validation_failed);
    CHECK(missing.details()[0] == error_detail{"owner", "required", "must not be null"});
    const auto broken = failure("INSERT INTO pet VALUES (1, -1)");
    CHECK(broken == errc::validation_failed);
    CHECK(broken.details()[0].rule == "check");

    CHECK(home.block_on(db.execute("INSERT INTO pet VALUES (1, 1)")).value() == 1);
    CHECK(home.block_on(rows.erase(1)).error() == errc::conflict);
}

TEST_CASE_FIXTURE(alice_fixture,
                  "the SQL is for the log: it is in the cause and not in the message, values are in neither") {
    const auto broken = home.block_on(db.execute("INSERT INTO nowhere VALUES (?)", "hunter2")).error();
    CHECK(broken == errc::internal);
    CHECK(broken.message() == "the query failed");
    const std::string for_the_log = broken.describe();
    CHECK(for_the_log.find("no such table: nowhere") != std::string::npos);
    CHECK(for_the_log.find("INSERT INTO nowhere VALUES (?)") != std::string::npos);
    CHECK(for_the_log.find("hunter2") == std::string::npos);

    user twin;
    twin.openid = "wx-alice";
    CHECK(home.block_on(rows.insert(twin)).error().describe().find("wx-alice") == std::string::npos);
}

TEST_CASE_FIXTURE(alice_fixture, "a null that no member can hold is an error that says so") {
    CHECK(home.block_on(db.execute("CREATE TABLE loose (n INTEGER)")));
    CHECK(home.block_on(db.execute("INSERT INTO loose VALUES (NULL)")).value() == 1);
    const auto refused = home.block_on(db.query<std::int64_t>("SELECT n FROM loose")).error();
    CHECK(refused == errc::internal);
    CHECK(refused.message() == "a column holds NULL, its member can't");
}

TEST_CASE_FIXTURE(alice_fixture, "text that names no enum value and no time is an error") {
    CHECK(home.block_on(db.execute("UPDATE users SET role = 'emperor'")).value() == 1);
    CHECK(home.block_on(rows.find(alice.id)).error() == errc::internal);
    CHECK(home.block_on(db.execute("UPDATE users SET role = 'admin', created_at = 'yesterday'")).value() == 1);
    CHECK(home.block_on(rows.find(alice.id)).error() == errc::internal);
    CHECK(home.block_on(db.execute("UPDATE users SET created_at = datetime(86400, 'unixepoch')")).value() == 1);
    CHECK(home.block_on(rows.find(alice.id)).value().created_at == wall_time(std::chrono::days(1)));
}

TEST_CASE_FIXTURE(alice_fixture, "a time that has no text is refused") {
    user late;
    late.openid = "late";
    late.created_at = wall_time(std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1));
    CHECK(home.block_on(rows.insert(late)).error() == errc::invalid_argument);
}
