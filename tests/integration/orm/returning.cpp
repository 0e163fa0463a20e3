// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

using namespace weir;
using namespace orm_test;

namespace {

struct name_and_stock {
    std::string name{};
    std::int64_t stock{};
};
BOOST_DESCRIBE_STRUCT(name_and_stock, (), (name, stock))

// Three products with ids from 1.
repository<product> some_products(open_database& on) {
    const auto rows = on.table<product>();
    std::vector<product> three(3);
    for (auto& one : three) one.name = "tea";
    on.ask(rows.insert_many(three)).value();
    return rows;
}

// They return other columns than a row of one number has, or none.
constexpr const char* misfits[] = {"DELETE FROM products RETURNING id, name", "DELETE FROM products",
                                   "INSERT INTO products (name, stock) VALUES ('milk', 1) RETURNING id, name"};

} // namespace

DATABASE_TEST_CASE("a statement whose columns don't match its row changes nothing") {
    open_database on(kind);
    const auto rows = some_products(on);
    for (int again = 0; again < 2; ++again)
        for (const char* sql : misfits) {
            CAPTURE(std::string(sql));
            const auto refused = on.ask(on.db.query<std::int64_t>(sql)).error();
            CHECK(refused == errc::invalid_argument);
            CHECK(refused.message() == "the query's columns don't match the members of its row");
        }
    CHECK(on.ask(rows.count()).value() == 3);
}

DATABASE_TEST_CASE("a statement whose columns don't match leaves its transaction unchanged") {
    open_database on(kind);
    const auto rows = some_products(on);
    auto body = [&](transaction& tx) -> result<void> {
        CHECK(tx.execute("UPDATE products SET stock = 5").value() == 3);
        for (const char* sql : misfits) {
            CAPTURE(std::string(sql));
            CHECK(tx.query<std::int64_t>(sql).error() == errc::invalid_argument);
        }
        const auto gone =
            tx.query<name_and_stock>("DELETE FROM products WHERE id = ? RETURNING name, stock", 2).value();
        REQUIRE(gone.size() == 1);
        CHECK(gone[0].name == "tea");
        CHECK(gone[0].stock == 5);
        CHECK(tx.query<std::int64_t>("INSERT INTO products (name, stock) VALUES (?, 1) RETURNING stock", "milk")
                  .value() == std::vector<std::int64_t>{1});
        return ok();
    };
    CHECK(on.ask(on.db.transaction(body)));
    CHECK(on.ask(rows.count()).value() == 3);
    CHECK(on.ask(rows.where(col<&product::stock> == 5).count()).value() == 2);
}

#ifdef WEIR_SERVERS
SERVER_TEST_CASE("a statement with RETURNING commits outside of a transaction") {
    open_database on(kind);
    const auto rows = some_products(on);
    CHECK(on.ask(on.db.query<std::int64_t>("DELETE FROM products WHERE id > ? RETURNING id", 1)).value().size() == 2);
    CHECK(on.ask(rows.count()).value() == 1);
}
#endif

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("an UPDATE in a WITH is refused for its columns before it runs, too") {
    open_database on(postgres);
    const auto rows = some_products(on);
    const auto refused = on.ask(on.db.query<std::int64_t>(
        "WITH changed AS (UPDATE products SET stock = 7 RETURNING id, stock) SELECT * FROM changed"));
    CHECK(refused.error() == errc::invalid_argument);
    CHECK(on.ask(rows.where(col<&product::stock> == 7).count()).value() == 0);
}
#endif

#ifdef WEIR_TEST_MARIADB
TEST_CASE("a previous failure on the connection doesn't end the transaction of a refused statement") {
    const empty_database where(mariadb);
    loop home;
    auto options = where.options();
    options.pool.maximum_pool_size = 1;
    database db(options);
    const auto deadlock = home.block_on(db.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")).error();
    CHECK(deadlock.code() == "try_again");
    auto body = [&](transaction& tx) -> result<void> {
        CHECK(tx.query<std::int64_t>("SELECT 1, 2").error() == errc::invalid_argument);
        CHECK(tx.query<std::int64_t>("SELECT 1").value().front() == 1);
        return ok();
    };
    CHECK(home.block_on(db.transaction(body)));
}
#endif
