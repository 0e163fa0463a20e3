// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

// The users table some releases later.
struct later_user {
    std::int64_t id{};
    std::string openid{};
    std::string name{};
    int age{};
    std::optional<std::string> email{};
    orm_test::role role{};
    weir::wall_time created_at{};
    std::int64_t points{25};
    std::string motto{"don't panic"};
    std::optional<bool> vip{};
    std::string city{};
};
BOOST_DESCRIBE_STRUCT(later_user, (), (id, openid, name, age, email, role, created_at, points, motto, vip, city))

} // namespace

template<>
inline constexpr auto weir::schema<later_user> =
    weir::table("users")
        .key(&later_user::id)
        .field(&later_user::openid, weir::unique)
        .field(&later_user::age, weir::index)
        .field(&later_user::points, weir::index)
        .field(&later_user::city, weir::defaults("Berlin"));

namespace {

struct team {
    std::int64_t id{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(team, (), (id, name))

struct player {
    std::int64_t id{};
    std::int64_t team{};
    int number{};
    std::optional<std::int64_t> captain{};
};
BOOST_DESCRIBE_STRUCT(player, (), (id, team, number, captain))

// A player some releases later, who has a captain by default.
struct led_player {
    std::int64_t id{};
    std::optional<std::int64_t> captain{1};
};
BOOST_DESCRIBE_STRUCT(led_player, (), (id, captain))

struct long_named {
    std::int64_t id{};
    std::string a_column_whose_name_is_as_long_as_a_column_name_can_well_be{};
    std::string a_column_whose_name_is_as_long_as_a_column_name_can_well_go{};
};
BOOST_DESCRIBE_STRUCT(long_named, (),
                      (id, a_column_whose_name_is_as_long_as_a_column_name_can_well_be,
                       a_column_whose_name_is_as_long_as_a_column_name_can_well_go))

} // namespace

template<>
inline constexpr auto weir::schema<team> = weir::table("teams").key(&team::id);
template<>
inline constexpr auto weir::schema<player> =
    weir::table("players")
        .key(&player::id)
        .field(&player::team, weir::references(&team::id, weir::on_delete::cascade))
        .field(&player::captain, weir::references(&player::id, weir::on_delete::set_null))
        .unique(&player::team, &player::number)
        .index(&player::captain, &player::number)
        .check("number_is_positive", "number > 0");
template<>
inline constexpr auto weir::schema<led_player> =
    weir::table("players").key(&led_player::id).field(&led_player::captain, weir::references(&team::id));
template<>
inline constexpr auto weir::schema<long_named> =
    weir::table("endless")
        .key(&long_named::id)
        .field(&long_named::a_column_whose_name_is_as_long_as_a_column_name_can_well_be, weir::unique)
        .field(&long_named::a_column_whose_name_is_as_long_as_a_column_name_can_well_go, weir::unique);

namespace {

struct migration_fixture {
    temporary_folder files;
    loop home;
    database db{files / "app.db"};
};

using plan = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(migration_fixture, "the plan for a new table is its DDL, and planning changes nothing") {
    const repository<user> users(db);
    const plan wanted{
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, name TEXT NOT NULL, "
        "age INTEGER NOT NULL, email TEXT, role TEXT NOT NULL, created_at TEXT NOT NULL)",
        "CREATE UNIQUE INDEX users_openid_unique ON users (openid)",
        "CREATE INDEX users_age_index ON users (age)",
    };
    CHECK(home.block_on(users.plan_migration()).value().statements == wanted);
    CHECK(home.block_on(users.plan_migration()).value().statements == wanted);
}

TEST_CASE_FIXTURE(migration_fixture, "migrating twice does it once") {
    const repository<user> users(db);
    CHECK(home.block_on(users.auto_migrate()));
    CHECK(home.block_on(users.plan_migration()).value().empty());
    user alice;
    CHECK(home.block_on(users.insert(alice)));
    CHECK(home.block_on(users.auto_migrate()));
    CHECK(home.block_on(users.count()).value() == 1);
}

TEST_CASE_FIXTURE(migration_fixture, "new columns are added with their defaults, and rows stay") {
    const repository<user> before(db);
    CHECK(home.block_on(before.auto_migrate()));
    user alice;
    alice.name = "Alice";
    CHECK(home.block_on(before.insert(alice)));

    const repository<later_user> after(db);
    const plan wanted{
        "ALTER TABLE users ADD COLUMN points INTEGER NOT NULL DEFAULT 25",
        "ALTER TABLE users ADD COLUMN motto TEXT NOT NULL DEFAULT 'don''t panic'",
        "ALTER TABLE users ADD COLUMN vip INTEGER",
        "ALTER TABLE users ADD COLUMN city TEXT NOT NULL DEFAULT 'Berlin'",
        "CREATE INDEX users_points_index ON users (points)",
    };
    CHECK(home.block_on(after.plan_migration()).value().statements == wanted);
    CHECK(home.block_on(after.auto_migrate()));
    CHECK(home.block_on(after.plan_migration()).value().empty());

    const later_user found = home.block_on(after.find(alice.id)).value();
    CHECK(found.name == "Alice");
    CHECK(found.points == 25);
    CHECK(found.motto == "don't panic");
    CHECK(!found.vip);
    CHECK(found.city == "Berlin");
}

TEST_CASE_FIXTURE(migration_fixture, "columns that the struct no longer has stay") {
    const repository<later_user> wide(db);
    CHECK(home.block_on(wide.auto_migrate()));
    CHECK(home.block_on(repository<user>(db).plan_migration()).value().empty());
}

TEST_CASE_FIXTURE(migration_fixture, "a migration that fails leaves nothing behind") {
    CHECK(home.block_on(db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, openid TEXT)")));
    CHECK(home.block_on(db.execute("INSERT INTO users (openid) VALUES ('same'), ('same')")).value() == 2);
    const repository<user> users(db);
    CHECK(home.block_on(users.auto_migrate()).error() == errc::already_exists);
    const auto columns = home.block_on(db.query<std::string>("SELECT name FROM pragma_table_info('users')")).value();
    CHECK(columns == std::vector<std::string>{"id", "openid"});
}

TEST_CASE_FIXTURE(migration_fixture, "without auto_migrate a file has no table, and the cause shows it") {
    const repository<user> users(db);
    const auto missing = home.block_on(users.all()).error();
    CHECK(missing == errc::internal);
    CHECK(missing.describe().find("no such table: users") != std::string::npos);
}

TEST_CASE_FIXTURE(migration_fixture, "constraints that SQLite can't add later are in CREATE TABLE") {
    const plan wanted{
        "CREATE TABLE players (id INTEGER PRIMARY KEY AUTOINCREMENT, team INTEGER NOT NULL, number INTEGER NOT NULL, "
        "captain INTEGER, CONSTRAINT number_is_positive CHECK (number > 0), "
        "CONSTRAINT players_team_fkey FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE, "
        "CONSTRAINT players_captain_fkey FOREIGN KEY (captain) REFERENCES players (id) ON DELETE SET NULL)",
        "CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL)",
        "CREATE UNIQUE INDEX players_team_number_unique ON players (team, number)",
        "CREATE INDEX players_captain_number_index ON players (captain, number)",
    };
    CHECK(home.block_on(weir::plan_migration<player, team>(db)).value().statements == wanted);
    CHECK(home.block_on(weir::auto_migrate<player, team>(db)));
    CHECK(home.block_on(weir::plan_migration<player, team>(db)).value().text().empty());
}

TEST_CASE_FIXTURE(migration_fixture, "the plan notes what SQLite can't change, and the rest is applied") {
    CHECK(home.block_on(db.execute("CREATE TABLE players (id INTEGER PRIMARY KEY, team TEXT, number INTEGER NOT NULL, "
                                   "rank INTEGER NOT NULL)")));
    const auto plan = home.block_on(weir::plan_migration<player, team>(db)).value();
    CHECK(plan.text() ==
          "ALTER TABLE players ADD COLUMN captain INTEGER CONSTRAINT players_captain_fkey REFERENCES players (id) "
          "ON DELETE SET NULL;\n"
          "CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);\n"
          "CREATE UNIQUE INDEX players_team_number_unique ON players (team, number);\n"
          "CREATE INDEX players_captain_number_index ON players (captain, number);\n"
          "-- players.team is TEXT but its member needs INTEGER: left unchanged\n"
          "-- players.rank has no member and is NOT NULL without a default: inserts fail\n"
          "-- players lacks players_team_fkey: this database can't add it to an existing table\n"
          "-- players lacks number_is_positive: this database can't add it to an existing table\n");
    CHECK(home.block_on(weir::auto_migrate<player, team>(db)));
    const auto again = home.block_on(weir::plan_migration<player, team>(db)).value();
    CHECK(again.empty());
    CHECK(again.notes == plan.notes);
}

TEST_CASE_FIXTURE(migration_fixture,
                  "a new column with a default in old rows gets no foreign key, and the plan notes it") {
    CHECK(home.block_on(db.execute("CREATE TABLE players (id INTEGER PRIMARY KEY)")));
    CHECK(home.block_on(db.execute("INSERT INTO players VALUES (7)")));
    CHECK(home.block_on(weir::plan_migration<led_player>(db)).value().text() ==
          "ALTER TABLE players ADD COLUMN captain INTEGER DEFAULT 1;\n"
          "-- players lacks players_captain_fkey: this database can't add it to an existing table\n");
    CHECK(home.block_on(weir::auto_migrate<led_player>(db)));
    CHECK(home.block_on(repository<led_player>(db).find(7)).value().captain == 1);
}

TEST_CASE_FIXTURE(migration_fixture, "names too long for databases are shortened and stay distinct") {
    const auto plan = home.block_on(weir::plan_migration<long_named>(db)).value();
    REQUIRE(plan.statements.size() == 3);
    const auto name_in = [](const std::string& statement) {
        const std::size_t begin = std::string("CREATE UNIQUE INDEX ").size();
        return statement.substr(begin, statement.find(' ', begin) - begin);
    };
    CHECK(name_in(plan.statements[1]).size() == 63);
    CHECK(name_in(plan.statements[2]).size() == 63);
    CHECK(plan.statements[1] != plan.statements[2]);
    CHECK(home.block_on(weir::auto_migrate<long_named>(db)));
    CHECK(home.block_on(weir::plan_migration<long_named>(db)).value().empty());
}

TEST_CASE("an in-memory database creates the tables of its repositories") {
    loop home;
    database db(":memory:");
    const repository<user> users(db);
    CHECK(home.block_on(users.count()).value() == 0);
    const repository<todo> todos(db);
    CHECK(home.block_on(todos.count()).value() == 0);
    CHECK(home.block_on(todos.plan_migration()).value().empty());
}
