// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace weir;
using namespace orm_test;

namespace {

struct todos_fixture {
    loop home;
    database db{":memory:"};
    repository<todo> rows{db};

    todo stored(std::string text, bool done = false) {
        todo row;
        row.text = std::move(text);
        row.done = done;
        home.block_on(rows.insert(row)).value();
        return row;
    }
};

struct users_fixture {
    loop home;
    database db{":memory:"};
    repository<user> rows{db};

    user again(std::int64_t id) { return home.block_on(rows.find(id)).value(); }
};

} // namespace

TEST_CASE_FIXTURE(todos_fixture, "insert fills in the generated key and find reads the row back") {
    const todo milk = stored("milk");
    const todo bread = stored("bread");
    CHECK(milk.id == 1);
    CHECK(bread.id == 2);

    const todo found = home.block_on(rows.find(2)).value();
    CHECK(found.id == 2);
    CHECK(found.text == "bread");
    CHECK(!found.done);
}

TEST_CASE_FIXTURE(todos_fixture, "a given key is stored unchanged") {
    todo row;
    row.id = 40;
    row.text = "given";
    CHECK(home.block_on(rows.insert(row)));
    CHECK(stored("next").id == 41);
}

TEST_CASE_FIXTURE(todos_fixture, "the key of an erased row is never reused") {
    const todo last = stored("last");
    CHECK(home.block_on(rows.erase(last.id)));
    CHECK(stored("later").id == last.id + 1);
}

TEST_CASE_FIXTURE(todos_fixture, "a missing row is not_found, with table and key in the message") {
    todo ghost;
    ghost.id = 7;
    for (const error& missing : {home.block_on(rows.find(7)).error(), home.block_on(rows.update(ghost)).error(),
                                 home.block_on(rows.erase(7)).error()}) {
        CHECK(missing == errc::not_found);
        CHECK(missing.message() == "todos 7 not found");
    }
}

TEST_CASE_FIXTURE(todos_fixture, "update stores every column of one row and leaves the others") {
    todo milk = stored("milk");
    const todo bread = stored("bread");
    milk.text = "oat milk";
    milk.done = true;
    CHECK(home.block_on(rows.update(milk)));

    const todo changed = home.block_on(rows.find(milk.id)).value();
    CHECK(changed.text == "oat milk");
    CHECK(changed.done);
    CHECK(home.block_on(rows.find(bread.id)).value().text == "bread");
}

TEST_CASE_FIXTURE(todos_fixture, "erase removes one row, erase_where those that meet the condition") {
    const todo milk = stored("milk");
    stored("bread", true);
    stored("jam", true);
    CHECK(home.block_on(rows.erase(milk.id)));
    CHECK(home.block_on(rows.erase_where(col<&todo::done> == true)).value() == 2);
    CHECK(home.block_on(rows.count()).value() == 0);
}

TEST_CASE_FIXTURE(todos_fixture, "all returns every row, and nothing from an empty table") {
    CHECK(home.block_on(rows.all()).value().empty());
    stored("milk");
    stored("bread");
    const auto all = home.block_on(rows.all()).value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].text == "milk");
    CHECK(all[1].text == "bread");
}

TEST_CASE_FIXTURE(todos_fixture, "insert_many stores all rows in batches") {
    std::vector<todo> many(250);
    for (std::size_t i = 0; i < many.size(); ++i) many[i].text = std::to_string(i);
    CHECK(home.block_on(rows.insert_many(many, {.batch = 100})).value() == 250);
    CHECK(home.block_on(rows.count()).value() == 250);
    CHECK(home.block_on(rows.find(250)).value().text == "249");
}

TEST_CASE_FIXTURE(users_fixture, "insert_many stores all rows or none") {
    std::vector<user> many;
    for (int i = 0; i < 150; ++i) many.push_back(user_named(std::to_string(i)));
    many.push_back(user_named("0"));
    CHECK(home.block_on(rows.insert_many(many)).error() == errc::already_exists);
    CHECK(home.block_on(rows.count()).value() == 0);
}

TEST_CASE_FIXTURE(users_fixture, "insert_many accepts rows that all have keys, and refuses a mixture") {
    std::vector<user> many{user_named("a"), user_named("b")};
    many[0].id = 10;
    CHECK(home.block_on(rows.insert_many(many)).error() == errc::invalid_argument);
    many[1].id = 11;
    CHECK(home.block_on(rows.insert_many(many)).value() == 2);
    CHECK(again(11).openid == "b");
}

TEST_CASE_FIXTURE(users_fixture, "update_where changes the given columns of rows that meet the condition") {
    user row = user_named("a");
    row.age = 20;
    row.email = "a@example.com";
    CHECK(home.block_on(rows.insert(row)));
    auto birthday = rows.update_where(
        col<&user::age> == 20, (col<&user::age>) += 1, (col<&user::name>) = "Bob", (col<&user::email>) = std::nullopt);
    CHECK(home.block_on(std::move(birthday)).value() == 1);
    const user changed = again(row.id);
    CHECK(changed.age == 21);
    CHECK(changed.name == "Bob");
    CHECK(!changed.email);
    CHECK(home.block_on(rows.update_where(col<&user::age> == 20, (col<&user::age>) += 1)).value() == 0);
}

TEST_CASE_FIXTURE(users_fixture, "every kind of column round-trips") {
    user row = user_named("wx-1");
    row.age = -3;
    row.email = "alice@example.com";
    row.role = role::admin;
    row.created_at = wall_time(std::chrono::sys_days(std::chrono::year(2026) / 2 / 28)) + std::chrono::microseconds(7);
    CHECK(home.block_on(rows.insert(row)));
    const user found = again(row.id);
    CHECK(found.openid == "wx-1");
    CHECK(found.age == -3);
    CHECK(found.email == "alice@example.com");
    CHECK(found.role == role::admin);
    CHECK(found.created_at == row.created_at);
}

TEST_CASE_FIXTURE(users_fixture, "NULL and the empty string are distinct") {
    user none = user_named("none");
    user empty = user_named("empty");
    empty.email = "";
    CHECK(home.block_on(rows.insert(none)));
    CHECK(home.block_on(rows.insert(empty)));
    CHECK(!again(none.id).email.has_value());
    CHECK(again(empty.id).email == "");
    CHECK(home.block_on(rows.where(col<&user::email>.is_null()).one()).value().openid == "none");
    CHECK(home.block_on(rows.where(!col<&user::email>.is_null()).one()).value().openid == "empty");
}

TEST_CASE_FIXTURE(users_fixture, "strings keep quotes and UTF-8") {
    for (const std::string& name : {std::string("O'Hara \"x\""), std::string("张三 🛒")}) {
        user row = user_named(name);
        row.name = name;
        CHECK(home.block_on(rows.insert(row)));
        CHECK(again(row.id).name == name);
        CHECK(home.block_on(rows.where(col<&user::openid> == name).one()).value().id == row.id);
    }
}

TEST_CASE_FIXTURE(users_fixture, "values that look like SQL stay values") {
    const std::string evil = "x'); DROP TABLE users; --";
    user row = user_named(evil);
    row.email = "' OR '1'='1";
    CHECK(home.block_on(rows.insert(row)));
    CHECK(again(row.id).openid == evil);
    CHECK(home.block_on(rows.where(col<&user::openid> == "' OR 1=1 --").all()).value().empty());
    CHECK(home.block_on(rows.where(col<&user::name>.in({"Alice", "') OR 1=1"})).count()).value() == 1);
    CHECK(home.block_on(rows.where(col<&user::name>.contains("' OR ''='")).count()).value() == 0);
    CHECK(home.block_on(rows.count()).value() == 1);
}

namespace {

struct numbers {
    std::int64_t id{};
    std::int64_t wide{};
    std::int8_t narrow{};
    std::uint32_t positive{};
    std::uint64_t huge{};
    double real{};
    std::optional<double> maybe_real{};
    std::optional<bool> maybe{};
};
BOOST_DESCRIBE_STRUCT(numbers, (), (id, wide, narrow, positive, huge, real, maybe_real, maybe))

struct country {
    std::string code{};
    std::string order{};
};
BOOST_DESCRIBE_STRUCT(country, (), (code, order))

} // namespace

template<>
inline constexpr auto weir::schema<numbers> = weir::table("numbers").key(&numbers::id);
template<>
inline constexpr auto weir::schema<country> = weir::table("group").key(&country::code);

TEST_CASE("numbers are exact to the ends of their ranges") {
    loop home;
    database db(":memory:");
    const repository<numbers> rows(db);
    numbers low;
    low.wide = std::numeric_limits<std::int64_t>::min();
    low.narrow = -128;
    low.real = -1e-300;
    numbers high;
    high.wide = std::numeric_limits<std::int64_t>::max();
    high.narrow = 127;
    high.positive = std::numeric_limits<std::uint32_t>::max();
    high.huge = std::numeric_limits<std::int64_t>::max();
    high.real = 0.1;
    high.maybe_real = 2.5;
    high.maybe = true;
    CHECK(home.block_on(rows.insert(low)));
    CHECK(home.block_on(rows.insert(high)));

    const auto all = home.block_on(rows.all()).value();
    CHECK(all[0].wide == low.wide);
    CHECK(all[0].narrow == -128);
    CHECK(all[0].real == -1e-300);
    CHECK(!all[0].maybe_real);
    CHECK(!all[0].maybe);
    CHECK(all[1].wide == high.wide);
    CHECK(all[1].positive == high.positive);
    CHECK(all[1].huge == high.huge);
    CHECK(all[1].real == 0.1);
    CHECK(all[1].maybe_real == 2.5);
    CHECK(all[1].maybe == true);
}

TEST_CASE("a number too large for a column is refused, one too large for a member is an error") {
    loop home;
    database db(":memory:");
    const repository<numbers> rows(db);
    numbers row;
    row.huge = std::numeric_limits<std::uint64_t>::max();
    CHECK(home.block_on(rows.insert(row)).error() == errc::invalid_argument);
    row.huge = 1;
    CHECK(home.block_on(rows.insert(row)));
    CHECK(home.block_on(db.execute("UPDATE numbers SET narrow = 300")).value() == 1);
    CHECK(home.block_on(rows.find(row.id)).error() == errc::internal);
    CHECK(home.block_on(rows.where(col<&numbers::huge> > row.huge + (1ULL << 63)).all()).error() ==
          errc::invalid_argument);
}

TEST_CASE("keys may be strings, and reserved names are quoted") {
    loop home;
    database db(":memory:");
    const repository<country> rows(db);
    country row;
    row.code = "cn";
    row.order = "first";
    CHECK(home.block_on(rows.insert(row)));
    CHECK(home.block_on(rows.find("cn")).value().order == "first");
    CHECK(home.block_on(rows.find("x'x")).error().message() == "group x'x not found");
    CHECK(home.block_on(rows.insert(row)).error() == errc::already_exists);
    CHECK(rows.where(col<&country::order> == "a").sql() == R"(SELECT code, "order" FROM "group" WHERE "order" = ?)");
}
