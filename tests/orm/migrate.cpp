// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

// The table of users as it looks some releases later.
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
inline constexpr auto weir::schema<later_user> = weir::table("users")
                                                     .key(&later_user::id)
                                                     .field(&later_user::openid, weir::unique)
                                                     .field(&later_user::age, weir::index)
                                                     .field(&later_user::points, weir::index)
                                                     .field(&later_user::city, weir::defaults("Berlin"));

namespace {

struct file_fixture {
    temporary_folder files;
    loop home;
    database db{files / "app.db"};
};

using plan = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(file_fixture, "the plan for a new table is its DDL, and planning changes nothing") {
    const repository<user> users(db);
    const plan wanted{
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, name TEXT NOT NULL, "
        "age INTEGER NOT NULL, email TEXT, role TEXT NOT NULL, created_at TEXT NOT NULL)",
        "CREATE UNIQUE INDEX users_openid_unique ON users (openid)",
        "CREATE INDEX users_age_index ON users (age)",
    };
    CHECK(home.block_on(users.plan_migration()).value() == wanted);
    CHECK(home.block_on(users.plan_migration()).value() == wanted);
}

TEST_CASE_FIXTURE(file_fixture, "migrating twice does it once") {
    const repository<user> users(db);
    CHECK(home.block_on(users.auto_migrate()));
    CHECK(home.block_on(users.plan_migration()).value().empty());
    user alice;
    CHECK(home.block_on(users.insert(alice)));
    CHECK(home.block_on(users.auto_migrate()));
    CHECK(home.block_on(users.count()).value() == 1);
}

TEST_CASE_FIXTURE(file_fixture, "columns that came later are added with their defaults, and rows stay") {
    const repository<user> before(db);
    CHECK(home.block_on(before.auto_migrate()));
    user alice;
    alice.name = "Alice";
    CHECK(home.block_on(before.insert(alice)));

    const repository<later_user> after(db);
    const plan wanted{
        "ALTER TABLE users ADD COLUMN points INTEGER NOT NULL DEFAULT 25",
        "CREATE INDEX users_points_index ON users (points)",
        "ALTER TABLE users ADD COLUMN motto TEXT NOT NULL DEFAULT 'don''t panic'",
        "ALTER TABLE users ADD COLUMN vip INTEGER",
        "ALTER TABLE users ADD COLUMN city TEXT NOT NULL DEFAULT 'Berlin'",
    };
    CHECK(home.block_on(after.plan_migration()).value() == wanted);
    CHECK(home.block_on(after.auto_migrate()));
    CHECK(home.block_on(after.plan_migration()).value().empty());

    const later_user found = home.block_on(after.find(alice.id)).value();
    CHECK(found.name == "Alice");
    CHECK(found.points == 25);
    CHECK(found.motto == "don't panic");
    CHECK(!found.vip);
    CHECK(found.city == "Berlin");
}

TEST_CASE_FIXTURE(file_fixture, "columns that the struct no longer has are left alone") {
    const repository<later_user> wide(db);
    CHECK(home.block_on(wide.auto_migrate()));
    CHECK(home.block_on(repository<user>(db).plan_migration()).value().empty());
}

TEST_CASE_FIXTURE(file_fixture, "a migration that fails leaves nothing behind") {
    CHECK(home.block_on(db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, openid TEXT)")));
    CHECK(home.block_on(db.execute("INSERT INTO users (openid) VALUES ('same'), ('same')")).value() == 2);
    const repository<user> users(db);
    CHECK(home.block_on(users.auto_migrate()).error() == errc::already_exists);
    const auto columns = home.block_on(db.query<std::string>("SELECT name FROM pragma_table_info('users')")).value();
    CHECK(columns == std::vector<std::string>{"id", "openid"});
}

TEST_CASE_FIXTURE(file_fixture, "without auto_migrate a file has no table, and the log says so") {
    const repository<user> users(db);
    const auto missing = home.block_on(users.all()).error();
    CHECK(missing == errc::internal);
    CHECK(missing.describe().find("no such table: users") != std::string::npos);
}

TEST_CASE("a memory database has the tables of its repositories by itself") {
    loop home;
    database db(":memory:");
    const repository<user> users(db);
    CHECK(home.block_on(users.count()).value() == 0);
    const repository<todo> todos(db);
    CHECK(home.block_on(todos.count()).value() == 0);
    CHECK(home.block_on(todos.plan_migration()).value().empty());
}
