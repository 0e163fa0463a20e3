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

TEST_CASE_FIXTURE(alice_fixture, "update fails on a taken unique value like insert") {
    user bob;
    bob.openid = "wx-bob";
    CHECK(home.block_on(rows.insert(bob)));
    bob.openid = alice.openid;
    CHECK(home.block_on(rows.update(bob)).error() == errc::already_exists);
}

TEST_CASE_FIXTURE(alice_fixture, "a violated unique index names all its columns") {
    CHECK(home.block_on(db.execute("CREATE TABLE seat (line TEXT, place INTEGER, UNIQUE (line, place))")));
    CHECK(home.block_on(db.execute("INSERT INTO seat VALUES ('A', 1)")).value() == 1);
    const auto taken = failure("INSERT INTO seat VALUES ('A', 1)");
    CHECK(taken.message() == "line, place is already taken");
    REQUIRE(taken.details().size() == 2);
    CHECK(taken.details()[1].field == "place");
}

TEST_CASE_FIXTURE(alice_fixture, "violated foreign keys, NOT NULL and checks have distinct errors") {
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

TEST_CASE_FIXTURE(alice_fixture, "NULL for a member that isn't optional is a clear error") {
    CHECK(home.block_on(db.execute("CREATE TABLE loose (n INTEGER)")));
    CHECK(home.block_on(db.execute("INSERT INTO loose VALUES (NULL)")).value() == 1);
    const auto refused = home.block_on(db.query<std::int64_t>("SELECT n FROM loose")).error();
    CHECK(refused == errc::internal);
    CHECK(refused.message() == "a stored value doesn't fit its member");
    CHECK(refused.describe().find("column 'n' holds NULL but its member isn't optional") != std::string::npos);
}

TEST_CASE_FIXTURE(alice_fixture, "a string that is no enum value or time is an error that names its column") {
    const auto refused = [&](const char* damage) {
        CHECK(home.block_on(db.execute(damage)).value() == 1);
        const auto why = home.block_on(rows.find(alice.id)).error();
        CHECK(why == errc::internal);
        CHECK(why.message() == "a stored value doesn't fit its member");
        return why.describe();
    };
    CHECK(refused("UPDATE users SET role = 'emperor'").find("column 'role' holds a string") != std::string::npos);
    CHECK(refused("UPDATE users SET role = 'admin', created_at = 'yesterday'").find("column 'created_at'") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(alice_fixture, "times written by other tools can be read") {
    const auto day = std::chrono::days(1);
    const std::vector<std::pair<std::string, wall_time>> written{
        {"1970-01-02 00:00:00", wall_time(day)},
        {"1970-01-02T00:00:00Z", wall_time(day)},
        {"1970-01-02T00:00:00+00:00", wall_time(day)},
        {"1970-01-02 00:00:00+00", wall_time(day)},
        {"1970-01-02 08:30:00.5+08:30", wall_time(day + std::chrono::milliseconds(500))},
        {"1970-01-01 20:00:00-0400", wall_time(day)},
        {"1970-01-02t00:00:00.123456789z", wall_time(day + std::chrono::microseconds(123456))},
    };
    for (const auto& one : written) {
        CAPTURE(one.first);
        CHECK(home.block_on(db.execute("UPDATE users SET created_at = ?", one.first)).value() == 1);
        CHECK(home.block_on(rows.find(alice.id)).value().created_at == one.second);
    }
    for (const std::string& text : std::vector<std::string>{
             "1970-01-02", "1970-01-02 00:00", "1970-01-02 00:00:00.", "1970-01-02 00:00:00+",
             "1970-01-02 00:00:00+24:00", "1970-01-02 00:00:00+08:60", "1970-02-30 00:00:00",
             "1970-01-02 00:00:00 +00:00", "1970-01-02 00:00:00+08:", "1970-01-02 00:00:00ZZ"}) {
        CAPTURE(text);
        CHECK(home.block_on(db.execute("UPDATE users SET created_at = ?", text)).value() == 1);
        CHECK(home.block_on(rows.find(alice.id)).error() == errc::internal);
    }
}

TEST_CASE("one statement may be followed by comments and semicolons, and contain a trigger's body") {
    loop home;
    database db(":memory:");
    const auto run = [&](const char* sql) { return home.block_on(db.execute(sql)); };
    CHECK(run("CREATE TABLE notes (n INTEGER); -- the end; of it"));
    CHECK(run("CREATE TRIGGER twice AFTER INSERT ON notes WHEN new.n < 10 BEGIN\n"
              "INSERT INTO notes VALUES (new.n + 10); INSERT INTO notes VALUES (new.n + 20); END; /* ; */ ;"));
    const auto refused = run("INSERT INTO notes VALUES (1); INSERT INTO notes VALUES (2)").error();
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.message() == "only one statement at a time: there is more SQL after the first");
    CHECK(home.block_on(db.query<std::int64_t>("SELECT count(*) FROM notes")).value().front() == 0);
    CHECK(run("INSERT INTO notes VALUES (1);"));
    CHECK(home.block_on(db.query<std::int64_t>("SELECT count(*) FROM notes")).value().front() == 3);
}

TEST_CASE("a value of a different type than its member is an error that names the column") {
    loop home;
    database db(":memory:");
    CHECK(home.block_on(db.execute("CREATE TABLE loose (n)")));
    const auto read_as = [&]<class T>(const char* literal, std::type_identity<T>) {
        CHECK(home.block_on(db.execute("DELETE FROM loose")));
        CHECK(home.block_on(db.execute(std::string("INSERT INTO loose VALUES (") + literal + ")")));
        return home.block_on(db.query<T>("SELECT n AS amount FROM loose"));
    };
    constexpr std::type_identity<std::int64_t> whole;
    constexpr std::type_identity<double> real;
    constexpr std::type_identity<bool> flag;
    constexpr std::type_identity<std::string> text;
    for (const char* literal : {"'abc'", "'7'", "2.5", "x'00'", "1e300"}) {
        CAPTURE(literal);
        const auto refused = read_as(literal, whole).error();
        CHECK(refused == errc::internal);
        CHECK(refused.describe().find("column 'amount' holds a value of another type") != std::string::npos);
    }
    CHECK(read_as("'abc'", real).error() == errc::internal);
    CHECK(read_as("'t'", flag).error() == errc::internal);
    CHECK(read_as("'abc'", std::type_identity<std::optional<int>>()).error() == errc::internal);
    CHECK(read_as("3.0", whole).value().front() == 3);
    CHECK(read_as("7", real).value().front() == 7.0);
    CHECK(read_as("7", text).value().front() == "7");
    CHECK(!read_as("NULL", std::type_identity<std::optional<int>>()).value().front());
}

TEST_CASE_FIXTURE(alice_fixture, "a time without a string form is refused") {
    user late;
    late.openid = "late";
    late.created_at = wall_time(std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1));
    CHECK(home.block_on(rows.insert(late)).error() == errc::invalid_argument);
}
