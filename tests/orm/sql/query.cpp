// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

struct person {
    std::int64_t id{};
    std::string name{};
    int age{};
    std::optional<std::string> email{};
};
BOOST_DESCRIBE_STRUCT(person, (), (id, name, age, email))

} // namespace

template<>
inline constexpr auto weir::schema<person> = weir::table("users").key(&person::id);

namespace {

struct people_fixture {
    loop home;
    database db{":memory:"};
    repository<person> rows{db};

    people_fixture() {
        for (const char* name : {"张三", "张伟", "李四", "100%", "a_b"}) {
            person row;
            row.name = name;
            row.age = 10 * static_cast<int>(++made);
            home.block_on(rows.insert(row)).value();
        }
    }

    std::string names(predicate<person> condition) {
        std::string joined;
        for (const auto& row : home.block_on(rows.where(std::move(condition)).all()).value())
            joined += (joined.empty() ? "" : ",") + row.name;
        return joined;
    }

    std::size_t made = 0;
};

template<class Row, class Condition>
concept can_ask = requires(repository<Row> rows, Condition condition) {
    rows.where(condition);
};
template<auto Member, class Value>
concept column_compares_with = requires(Value value) {
    col<Member> == value;
};

static_assert(can_ask<person, predicate<person>>);
static_assert(!can_ask<person, predicate<todo>>, "a column of another table is no condition here");
static_assert(!can_ask<person, predicate<person, todo>>, "nor is one of both");
static_assert(!can_ask<person, orm::group_predicate<person>>, "groups have conditions of their own");
static_assert(column_compares_with<&person::age, long> && column_compares_with<&person::name, std::string>);
static_assert(!column_compares_with<&person::age, std::string> && !column_compares_with<&person::age, double>);
static_assert(!column_compares_with<&person::name, int> && !column_compares_with<&person::name, std::nullptr_t>);

template<class Rows>
concept inserts_a_temporary = requires(Rows rows) {
    rows.insert(person());
};
static_assert(!inserts_a_temporary<repository<person>>, "the key would be filled into a row that is gone");

template<class Query>
concept answers_as_lvalue = requires(Query& query) {
    query.all();
};
static_assert(!answers_as_lvalue<decltype(std::declval<repository<person>>().rows())>);

} // namespace

TEST_CASE_FIXTURE(people_fixture, "a query renders as expected SQL") {
    const auto query =
        rows.where(col<&person::name>.like("张%") && col<&person::age> >= 18).order_by(newest<&person::id>).limit(20);
    CHECK(
        query.sql() ==
        "SELECT id, name, age, email FROM users WHERE (name LIKE ? ESCAPE '!' AND age >= ?) ORDER BY id DESC LIMIT 20");
}

TEST_CASE_FIXTURE(people_fixture, "every condition renders as SQL without values in it") {
    const auto where = [this](predicate<person> condition) {
        return rows.where(std::move(condition))
            .sql()
            .substr(std::string("SELECT id, name, age, email FROM users").size());
    };
    CHECK(where(col<&person::age> == 1) == " WHERE age = ?");
    CHECK(where(col<&person::age> != 1) == " WHERE age <> ?");
    CHECK(where(col<&person::age> < 1) == " WHERE age < ?");
    CHECK(where(col<&person::age> <= 1) == " WHERE age <= ?");
    CHECK(where(col<&person::age> > 1) == " WHERE age > ?");
    CHECK(where(col<&person::age>.between(1, 2)) == " WHERE age BETWEEN ? AND ?");
    CHECK(where(col<&person::age>.in({1, 2, 3})) == " WHERE age IN (?, ?, ?)");
    CHECK(where(col<&person::age>.in({})) == " WHERE 1 = 0");
    CHECK(where(col<&person::email>.is_null()) == " WHERE email IS NULL");
    CHECK(where(!(col<&person::age> == 1 || col<&person::name> == "x")) == " WHERE NOT ((age = ? OR name = ?))");
    CHECK(where(col<&person::name>.contains("50%")) == R"( WHERE name LIKE ? ESCAPE '!')");
    CHECK(where(col<&person::name>.icontains("50%")) == R"( WHERE lower(name) LIKE lower(?) ESCAPE '!')");
}

TEST_CASE_FIXTURE(people_fixture, "conditions select the matching rows") {
    CHECK(names(col<&person::name>.like("张%")) == "张三,张伟");
    CHECK(names(col<&person::age> >= 30 && col<&person::age> != 40) == "李四,a_b");
    CHECK(names(col<&person::age> < 20 || col<&person::age> > 40) == "张三,a_b");
    CHECK(names(!(col<&person::age> <= 30)) == "100%,a_b");
    CHECK(names(col<&person::age>.between(20, 30)) == "张伟,李四");
    CHECK(names(col<&person::name>.in({"李四", "a_b", "missing"})) == "李四,a_b");
    CHECK(names(col<&person::name>.in({})) == "");
}

TEST_CASE_FIXTURE(people_fixture, "% and _ in user input match literally") {
    CHECK(names(col<&person::name>.contains("%")) == "100%");
    CHECK(names(col<&person::name>.contains("_")) == "a_b");
    CHECK(names(col<&person::name>.contains("\\")) == "");
    CHECK(names(col<&person::name>.starts_with("张")) == "张三,张伟");
    CHECK(names(col<&person::name>.starts_with("三")) == "");
}

TEST_CASE_FIXTURE(people_fixture, "order, limit and offset page through the rows") {
    auto page = rows.rows().order_by(newest<&person::age>).limit(2).offset(1);
    const auto got = home.block_on(std::move(page).all()).value();
    REQUIRE(got.size() == 2);
    CHECK(got[0].age == 40);
    CHECK(got[1].age == 30);
    CHECK(home.block_on(rows.rows().order_by(oldest<&person::id>).offset(4).all()).value().size() == 1);
    CHECK(rows.rows().order_by(oldest<&person::name>).order_by(newest<&person::id>).sql() ==
          "SELECT id, name, age, email FROM users ORDER BY name, id DESC");
}

TEST_CASE_FIXTURE(people_fixture, "a query can be built condition by condition") {
    auto asked = rows.rows();
    asked.where(col<&person::age> > 10);
    asked.where(col<&person::age> < 40).order_by(newest<&person::id>);
    CHECK(asked.sql() == "SELECT id, name, age, email FROM users WHERE (age > ? AND age < ?) ORDER BY id DESC");
    CHECK(home.block_on(std::move(asked).count()).value() == 2);
}

TEST_CASE_FIXTURE(people_fixture, "one, first, count and exists handle rows and no rows") {
    const auto missing = [] { return col<&person::age> > 1000; };
    CHECK(home.block_on(rows.where(col<&person::age> > 10).order_by(oldest<&person::id>).one()).value().age == 20);
    CHECK(home.block_on(rows.where(missing()).one()).error() == errc::not_found);
    CHECK(home.block_on(rows.where(col<&person::age> == 50).first()).value()->name == "a_b");
    CHECK(!home.block_on(rows.where(missing()).first()).value().has_value());
    CHECK(home.block_on(rows.where(col<&person::age> > 10).limit(1).count()).value() == 4);
    CHECK(home.block_on(rows.where(col<&person::age> == 50).exists()).value());
    CHECK(!home.block_on(rows.where(missing()).exists()).value());
}

TEST_CASE_FIXTURE(people_fixture, "a query owns its values") {
    auto ask = [this] {
        const std::string pattern = "a long pattern that is not kept in place: 张%";
        return rows.where(col<&person::name>.like(pattern) || col<&person::name> == std::string("李四")).all();
    };
    auto pending = ask();
    CHECK(home.block_on(std::move(pending)).value().size() == 1);
}

TEST_CASE_FIXTURE(people_fixture, "custom statements take bound values and return structs or single values") {
    auto ages = db.query<std::int64_t>("SELECT age FROM users WHERE name LIKE ? ORDER BY id", "张%");
    CHECK(home.block_on(std::move(ages)).value() == std::vector<std::int64_t>{10, 20});
    auto email = db.query<std::optional<std::string>>("SELECT max(email) FROM users");
    CHECK(home.block_on(std::move(email)).value() == std::vector<std::optional<std::string>>{std::nullopt});
    auto whole =
        db.query<person>("SELECT id, name, age, email FROM users WHERE id = ? AND email IS ?", 3, std::nullopt);
    CHECK(home.block_on(std::move(whole)).value().front().name == "李四");
    CHECK(home.block_on(db.execute("UPDATE users SET age = age + ? WHERE age > ?", 1, 20)).value() == 3);
}

TEST_CASE_FIXTURE(people_fixture, "a custom statement whose columns don't match the struct is refused") {
    auto short_of = home.block_on(db.query<person>("SELECT id, name FROM users"));
    CHECK(short_of.error() == errc::invalid_argument);
    CHECK(short_of.error().message() == "the query's columns don't match the members of its row");
}

TEST_CASE_FIXTURE(people_fixture, "more values than a statement allows are an error") {
    std::vector<int> ages(300'000, 1);
    const auto refused = home.block_on(rows.where(col<&person::age>.in(ages)).count());
    CHECK(refused.error() == errc::invalid_argument);
    CHECK(refused.error().message() == "a statement takes 32766 values at most and was given 300000");
    CHECK(refused.error().describe().size() < 2000);
    CHECK(home.block_on(rows.count()).value() == 5);
}
