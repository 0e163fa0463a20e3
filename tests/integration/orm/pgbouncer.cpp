// SPDX-License-Identifier: MIT
// labels: concurrency
// PostgreSQL behind a pooler that moves each transaction to another connection.
#include "integration/orm/backends.hpp"

#include <future>

#ifdef WEIR_TEST_PGBOUNCER

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

// A database for one test, with another default time zone than UTC, and a pooler in front of it.
struct pooled_database {
    test_support::pgbouncer pooler;
    std::string name = fresh_name();
    loop home;

    explicit pooled_database(int connections) : pooler(postgres_server(), connections) {
        execute_at(postgres_server().url(), "CREATE DATABASE " + name);
        execute_at(postgres_server().url(), "ALTER DATABASE " + name + " SET timezone = 'Asia/Shanghai'");
    }

    database_options options() const { return patient(pooler.url(name)); }
    database_options direct() const { return patient(postgres_server().url(name)); }

    template<class T>
    T value(database& db, std::string sql) {
        return home.block_on(db.query<T>(std::move(sql))).value().front();
    }
};

} // namespace

TEST_CASE("behind a pooler many connections share a few of the server's, and each gets its own rows") {
    const pooled_database on(2);
    const auto run = [&](std::int64_t who) {
        loop home;
        auto chosen = on.options();
        chosen.pool.maximum_pool_size = 2;
        database db(chosen);
        for (std::int64_t i = 0; i < 50; ++i) {
            const std::string sql = "SELECT CAST(? AS BIGINT) * 1000 + " + std::to_string((who + i) % 7);
            const auto got = home.block_on(db.query<std::int64_t>(sql, who));
            CHECK(got.value().front() == who * 1000 + (who + i) % 7);
            const auto plain = home.block_on(db.query<std::int64_t>("SELECT " + std::to_string((who * i) % 5)));
            CHECK(plain.value().front() == (who * i) % 5);
        }
    };
    std::vector<std::future<void>> all;
    for (std::int64_t who = 1; who <= 4; ++who) all.push_back(std::async(std::launch::async, run, who));
    for (auto& one : all) one.get();
}

TEST_CASE("rows, transactions, large results and migrations work behind a pooler") {
    pooled_database on(1);
    database db(on.options());
    const repository<user> users(db);
    CHECK(on.home.block_on(users.auto_migrate()));
    auto one = user_named("a", 7);
    one.created_at = wall_time(std::chrono::seconds(1'000'000));
    auto body = [&](transaction& tx) { return tx.insert(one); };
    CHECK(on.home.block_on(db.transaction(body)));
    CHECK(on.home.block_on(users.find(one.id)).value().created_at == one.created_at);
    auto show = [](const user&) {};
    CHECK(on.home.block_on(users.rows().each(show)).value() == 1);
    const auto steps = versioned_migrations().step(1, "grow old", {"UPDATE users SET age = age + 1"});
    CHECK(on.home.block_on(steps.apply(db)).value() == 1);
    CHECK(on.home.block_on(users.find(one.id)).value().age == 8);
}

TEST_CASE("statements are prepared on a direct connection, and sent whole behind a pooler or by option") {
    pooled_database on(1);
    const auto prepared = [&](const database_options& how) {
        database db(how);
        CHECK(on.home.block_on(db.query<std::int64_t>("SELECT CAST(? AS BIGINT)", 1)));
        return on.value<std::int64_t>(db, "SELECT count(*) FROM pg_prepared_statements") > 0;
    };
    CHECK(prepared(on.direct()));
    CHECK(!prepared(on.options()));
    auto chosen = on.direct();
    chosen.prepared_statements = false;
    CHECK(!prepared(chosen));
    chosen = on.options();
    chosen.prepared_statements = true;
    CHECK(prepared(chosen));
}

TEST_CASE("prepared statements that collide behind a pooler are an error whose log suggests a fix") {
    pooled_database on(1);
    auto chosen = on.options();
    chosen.prepared_statements = true;
    database first(chosen);
    database second(chosen);
    CHECK(on.value<std::int64_t>(first, "SELECT 1") == 1);
    const auto collision = on.home.block_on(second.query<std::int64_t>("SELECT 1")).error();
    CHECK(collision == errc::internal);
    CHECK(collision.message() == "the query failed");
    CHECK(collision.describe().find("set database_options::prepared_statements = false") != std::string::npos);
}

TEST_CASE("behind a pooler settings don't leak to other connections") {
    pooled_database on(1);
    auto chosen = on.options();
    chosen.statement_timeout = 77s;
    database db(chosen);
    CHECK(on.value<std::string>(db, "SHOW TimeZone") == "UTC");
    auto body = [](transaction& tx) { return tx.query<std::string>("SHOW statement_timeout"); };
    CHECK(on.home.block_on(db.transaction(body)).value().front() == "77s");
    CHECK(on.value<std::string>(db, "SHOW statement_timeout") == "0");

    auto plain = on.options();
    plain.pool.connection_init_sql = "SET TIME ZONE 'Europe/Paris'";
    database other(plain); // on the server's same connection
    CHECK(on.value<std::string>(other, "SHOW TimeZone") == "Europe/Paris");
    CHECK(on.value<std::string>(db, "SHOW TimeZone") == "UTC");
}

TEST_CASE("behind a pooler statement_timeout holds inside and outside a transaction") {
    pooled_database on(1);
    auto chosen = on.options();
    chosen.statement_timeout = 200ms;
    database db(chosen);
    CHECK(on.home.block_on(db.query<std::int64_t>(postgres.endless)).error() == errc::deadline_exceeded);
    auto body = [](transaction& tx) { return tx.query<std::int64_t>(postgres.endless); };
    CHECK(on.home.block_on(db.transaction(body)).error() == errc::deadline_exceeded);
}

TEST_CASE("a string with several statements is refused without prepared statements, too") {
    pooled_database on(1);
    database db(on.options());
    CHECK(on.home.block_on(db.execute("CREATE TABLE notes (n BIGINT)")));
    CHECK(on.home.block_on(db.execute("INSERT INTO notes VALUES (1)")).value() == 1);
    CHECK(on.home.block_on(db.execute("DELETE FROM notes; SELECT 1")).has_error());
    CHECK(on.value<std::int64_t>(db, "SELECT count(*) FROM notes") == 1);
}

#endif
