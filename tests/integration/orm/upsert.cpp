// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

using namespace weir;
using namespace orm_test;

namespace {

struct setting {
    std::string name{};
    std::string order{}; // an SQL keyword
};
BOOST_DESCRIBE_STRUCT(setting, (), (name, order))

struct tag {
    std::int64_t id{};
    std::string label{};
};
BOOST_DESCRIBE_STRUCT(tag, (), (id, label))

} // namespace

template<>
inline constexpr auto weir::schema<setting> = weir::table("settings").key(&setting::name);
template<>
inline constexpr auto weir::schema<tag> = weir::table("tags").key(&tag::id).field(&tag::label, weir::unique);

DATABASE_TEST_CASE("an upsert by the key stores a new row or replaces the existing one") {
    open_database on(kind);
    const auto settings = on.table<setting>();
    setting colour;
    colour.name = "colour";
    for (const char* value : {"red", "red", "it's \"blue\""}) {
        colour.order = value;
        CHECK(on.ask(settings.upsert(colour)));
        CHECK(on.ask(settings.find("colour")).value().order == value);
    }
    CHECK(on.ask(settings.count()).value() == 1);
}

DATABASE_TEST_CASE("an upsert fills in a missing generated key and keeps a given one") {
    open_database on(kind);
    const auto rows = on.table<todo>();
    todo milk;
    milk.text = "milk";
    CHECK(on.ask(rows.upsert(milk)));
    CHECK(milk.id == 1);
    milk.text = "bread";
    CHECK(on.ask(rows.upsert(milk)));
    todo given;
    given.id = 40;
    CHECK(on.ask(rows.upsert(given)));
    CHECK(on.ask(rows.count()).value() == 2);
    CHECK(on.ask(rows.find(1)).value().text == "bread");
    CHECK(given.id == 40);
}

DATABASE_TEST_CASE("an upsert by a unique column gives the row the key of the existing one") {
    open_database on(kind);
    const auto rows = on.table<user>();
    user first = user_named("a", 10);
    user other = user_named("b", 20);
    CHECK(on.ask(rows.upsert(first, col<&user::openid>)));
    CHECK(on.ask(rows.upsert(other, col<&user::openid>)));
    CHECK(first.id != other.id);
    for (const int age : {11, 11}) {
        user again = user_named("a", age);
        again.email = "a@example.com";
        CHECK(on.ask(rows.upsert(again, col<&user::openid>)));
        CHECK(again.id == first.id);
        CHECK(on.ask(rows.find(first.id)).value().age == age);
        CHECK(on.ask(rows.find(first.id)).value().email == "a@example.com");
    }
    CHECK(on.ask(rows.find(other.id)).value().age == 20);
    CHECK(on.ask(rows.count()).value() == 2);
}

DATABASE_TEST_CASE("an upsert of a row with nothing to replace finds its key") {
    open_database on(kind);
    const auto tags = on.table<tag>();
    tag first;
    first.label = "new";
    CHECK(on.ask(tags.upsert(first, col<&tag::label>)));
    tag again;
    again.label = "new";
    CHECK(on.ask(tags.upsert(again, col<&tag::label>)));
    CHECK(again.id == first.id);
    CHECK(on.ask(tags.count()).value() == 1);
}

DATABASE_TEST_CASE("an update of some columns leaves the others unchanged") {
    open_database on(kind);
    const auto rows = on.table<user>();
    user row = user_named("a", 10);
    user bystander = user_named("b", 20);
    CHECK(on.ask(rows.insert(row)));
    CHECK(on.ask(rows.insert(bystander)));
    user stale = row;
    stale.age = 11;
    stale.name = "stale";
    stale.email = "a@example.com";
    CHECK(on.ask(rows.update(stale, col<&user::age>, col<&user::email>)));
    CHECK(on.ask(rows.update(stale, col<&user::age>)));
    const user found = on.ask(rows.find(row.id)).value();
    CHECK(found.age == 11);
    CHECK(found.email == "a@example.com");
    CHECK(found.name == "Alice");
    CHECK(on.ask(rows.find(bystander.id)).value().age == 20);
    stale.id = 77;
    const auto missing = on.ask(rows.update(stale, col<&user::age>)).error();
    CHECK(missing == errc::not_found);
    CHECK(missing.message() == "users 77 not found");
    stale.id = bystander.id;
    CHECK(on.ask(rows.update(stale, col<&user::openid>)).error() == errc::already_exists);
}

DATABASE_TEST_CASE("upserts and updates of some columns are part of a transaction") {
    open_database on(kind);
    const auto rows = on.table<user>();
    user row = user_named("a", 10);
    CHECK(on.ask(rows.insert(row)));
    auto body = [&](transaction& tx) -> result<void> {
        user again = user_named("a", 30);
        tx.repo<user>().upsert(again, col<&user::openid>).value();
        again.name = "Bob";
        tx.repo<user>().update(again, col<&user::name>).value();
        CHECK(tx.find<user>(row.id).value().name == "Bob");
        return error(errc::conflict, "changed my mind");
    };
    CHECK(!on.ask(on.db.transaction(body)));
    CHECK(on.ask(rows.find(row.id)).value().age == 10);
    CHECK(on.ask(rows.find(row.id)).value().name == "Alice");
}
