// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

#include <future>

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
    std::string motto{"don't \\panic"};
    bool vip{true};
    std::optional<bool> maybe{};
    double rate{0.5};
    weir::wall_time seen_at{};
    orm_test::role second_role{orm_test::role::admin};
    std::optional<std::int64_t> level{3};
    std::optional<std::string> title{"it's new"};
    std::optional<bool> open{true};
    std::string city{};
};
BOOST_DESCRIBE_STRUCT(later_user, (),
                      (id, openid, name, age, email, role, created_at, points, motto, vip, maybe, rate, seen_at,
                       second_role, level, title, open, city))

struct badge {
    std::int64_t id{};
    std::string color{};
    std::string number{};
};
BOOST_DESCRIBE_STRUCT(badge, (), (id, color, number))

// Todos with longer strings.
struct longer_todo {
    std::int64_t id{};
    std::string text{};
    bool done{};
};
BOOST_DESCRIBE_STRUCT(longer_todo, (), (id, text, done))

} // namespace

template<>
inline constexpr auto weir::schema<badge> = weir::table("badges").key(&badge::id).field(&badge::number, weir::unique);
template<>
inline constexpr auto weir::schema<longer_todo> =
    weir::table("todos").key(&longer_todo::id).field(&longer_todo::text, weir::max_length(500));
template<>
inline constexpr auto weir::schema<later_user> =
    weir::table("users")
        .key(&later_user::id)
        .field(&later_user::openid, weir::unique)
        .field(&later_user::age, weir::index)
        .field(&later_user::points, weir::index)
        .field(&later_user::city, weir::max_length(40), weir::defaults("Berlin"));

DATABASE_TEST_CASE("migrating twice does it once") {
    open_database on(kind);
    const auto rows = on.table<user>();
    CHECK(on.ask(rows.plan_migration()).value().empty());
    user alice;
    CHECK(on.ask(rows.insert(alice)));
    CHECK(on.ask(rows.auto_migrate()));
    CHECK(on.ask(rows.count()).value() == 1);
}

DATABASE_TEST_CASE("planning changes nothing") {
    open_database on(kind);
    const repository<user> rows(on.db);
    const auto plan = on.ask(rows.plan_migration()).value().statements;
    REQUIRE(plan.size() == 3);
    CHECK(plan[0].starts_with("CREATE TABLE users (id "));
    CHECK(plan[1] == "CREATE UNIQUE INDEX users_openid_unique ON users (openid)");
    CHECK(plan[2] == "CREATE INDEX users_age_index ON users (age)");
    CHECK(on.ask(rows.plan_migration()).value().statements == plan);
    CHECK(on.ask(rows.count()).error() == errc::internal);
}

DATABASE_TEST_CASE("new columns are added with their defaults, and rows stay") {
    open_database on(kind);
    const auto before = on.table<user>();
    user alice;
    alice.name = "Alice";
    CHECK(on.ask(before.insert(alice)));

    const auto after = on.table<later_user>();
    CHECK(on.ask(after.plan_migration()).value().empty());
    const later_user found = on.ask(after.find(alice.id)).value();
    CHECK(found.name == "Alice");
    CHECK(found.points == 25);
    CHECK(found.motto == "don't \\panic");
    CHECK(found.vip);
    CHECK(!found.maybe);
    CHECK(found.rate == 0.5);
    CHECK(found.seen_at == wall_time());
    CHECK(found.second_role == role::admin);
    CHECK(found.level == 3);
    CHECK(found.title == "it's new");
    CHECK(found.open == true);
    CHECK(found.city == "Berlin");
    CHECK(on.ask(before.plan_migration()).value().empty());

    later_user bob;
    bob.openid = "bob";
    bob.level.reset();
    CHECK(on.ask(after.insert(bob)));
    CHECK(!on.ask(after.find(bob.id)).value().level);
}

DATABASE_TEST_CASE("a failed migration has a reason, and leaves nothing behind if DDL is transactional") {
    open_database on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE badges (id BIGINT PRIMARY KEY, number VARCHAR(10))")));
    CHECK(on.ask(on.db.execute("INSERT INTO badges VALUES (1, 'same'), (2, 'same')")).value() == 2);
    const repository<badge> badges(on.db);
    CHECK(on.ask(badges.auto_migrate()).error() == errc::already_exists);
    const auto added = on.ask(on.db.query<std::string>("SELECT color FROM badges"));
    CHECK(added.has_value() == !kind.migrates_as_a_whole);
    CHECK(on.ask(on.db.execute("DELETE FROM badges WHERE id = 2")).value() == 1);
    CHECK(on.ask(badges.auto_migrate()));
    CHECK(on.ask(badges.plan_migration()).value().empty());
}

DATABASE_TEST_CASE("programs that migrate at the same time don't collide") {
    const empty_database where(kind);
    const auto migrate = [&] {
        loop home;
        database mine(where.options());
        const auto first = home.block_on(repository<user>(mine).auto_migrate());
        const auto second = home.block_on(repository<later_user>(mine).auto_migrate());
        return first.has_value() && second.has_value();
    };
    auto one = std::async(std::launch::async, migrate);
    auto other = std::async(std::launch::async, migrate);
    CHECK(migrate());
    CHECK(one.get());
    CHECK(other.get());
}

namespace {

// A program that keeps running while another one, of the next release, changes its table.
struct older_program : open_database {
    repository<todo> rows = table<todo>();

    explicit older_program(const backend& chosen) : open_database(chosen) {
        todo milk;
        milk.text = "milk";
        ask(rows.insert(milk)).value();
        ask_all();
    }

    // Prepares its statements.
    void ask_all() {
        CHECK(ask(rows.find(1)).value().text == "milk");
        CHECK(ask(rows.all()).value().size() == 1);
    }

    void change_table() const {
        loop home;
        database newer(where.options());
        home.block_on(repository<longer_todo>(newer).auto_migrate()).value();
    }

    // The number of runs of a transaction that reads, and then writes.
    int runs() {
        int made = 0;
        auto body = [&](transaction& tx) -> result<void> {
            ++made;
            const auto found = tx.find<todo>(1);
            if (!found) return found.error();
            const auto all = tx.rows<todo>().all();
            if (!all) return all.error();
            return tx.update(*found);
        };
        CHECK(ask(db.transaction(body)));
        return made;
    }
};

} // namespace

DATABASE_TEST_CASE("statements prepared before a table changed still work on the same connection") {
    older_program on(kind);
    on.change_table();
    on.ask_all();
    CHECK(on.db.stats().writing.dropped + on.db.stats().reading.dropped == 0);
}

DATABASE_TEST_CASE("a transaction with a statement prepared before a table changed runs again") {
    older_program on(kind);
    CHECK(on.runs() == 1);
    on.change_table();
    CHECK(on.runs() == (&kind == &postgres ? 2 : 1));
    CHECK(on.runs() == 1);
    CHECK(on.db.stats().writing.dropped == 0);
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("statements deallocated on PostgreSQL are prepared again") {
    older_program on(postgres);
    CHECK(on.runs() == 1);
    CHECK(on.ask(on.db.execute("DEALLOCATE ALL")));
    on.ask_all();
    CHECK(on.ask(on.db.execute("DEALLOCATE ALL")));
    CHECK(on.runs() == 2);
    auto forgets = [&](transaction& tx) -> result<void> {
        if (auto done = tx.execute("DEALLOCATE ALL"); !done) return done.error();
        const auto lost = tx.find<todo>(1).error();
        CHECK(lost == errc::unavailable);
        CHECK(lost.code() == "try_again");
        return error(errc::conflict, "seen");
    };
    CHECK(on.ask(on.db.transaction(forgets)).error().message() == "seen");
    CHECK(on.runs() == 1);
    CHECK(on.db.stats().writing.dropped == 0);
}
#endif
