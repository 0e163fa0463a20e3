// SPDX-License-Identifier: MIT
#include "orm/driver.hpp"

#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a server's URL is told from a file's path") {
    CHECK(orm::is_server_url("postgresql://db/shop"));
    CHECK(orm::is_server_url("mysql://root@127.0.0.1:3306/"));
    CHECK(!orm::is_server_url("shop.db"));
    CHECK(!orm::is_server_url("/var/lib/shop:1.db"));
    CHECK(!orm::is_server_url(":memory:"));
}

TEST_CASE("a URL for logs holds neither user, password nor options") {
    CHECK(orm::without_secrets("postgresql://weir:s3cret@db:5432/shop?sslpassword=x") == "postgresql://db:5432/shop");
    CHECK(orm::without_secrets("mysql://root:p@ss@db") == "mysql://db");
    CHECK(orm::without_secrets("mysql://db/shop@2") == "mysql://db/shop@2");
    CHECK(orm::without_secrets("postgresql:///shop?password=x") == "postgresql:///shop");
    CHECK(orm::without_secrets("data/shop.db") == "data/shop.db");
}

TEST_CASE("a driver that isn't linked is named") {
    const auto missing = orm::driver_of("mariadb://db/shop");
    CHECK(missing.error() == errc::invalid_argument);
    CHECK(missing.error().message() == "no driver for mariadb:// is linked: link weir::orm_mysql");
    CHECK(orm::driver_of("postgres://db").error().message() ==
          "no driver for postgres:// is linked: link weir::orm_postgresql");
    CHECK(orm::driver_of("oracle://db").error().message() == "no database is reached by oracle://");
}

TEST_CASE("a database whose driver isn't linked says so when it is opened") {
    loop home;
    database db("postgresql://db/shop");
    CHECK(home.block_on(db.open()).error() == errc::invalid_argument);
}
