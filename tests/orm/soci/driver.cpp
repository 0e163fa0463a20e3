// SPDX-License-Identifier: MIT
#include "orm/soci/driver.hpp"

#include "orm/support.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a server's URL is distinguished from a file path") {
    CHECK(orm::is_server_url("postgresql://db/shop"));
    CHECK(orm::is_server_url("mysql://root@127.0.0.1:3306/"));
    CHECK(!orm::is_server_url("shop.db"));
    CHECK(!orm::is_server_url("/var/lib/shop:1.db"));
    CHECK(!orm::is_server_url(":memory:"));
}

TEST_CASE("a URL in logs contains neither user, password nor options") {
    CHECK(orm::without_secrets("postgresql://weir:s3cret@db:5432/shop?sslpassword=x") == "postgresql://db:5432/shop");
    CHECK(orm::without_secrets("mysql://root:p@ss@db") == "mysql://db");
    CHECK(orm::without_secrets("mysql://db/shop@2") == "mysql://db/shop@2");
    CHECK(orm::without_secrets("postgresql:///shop?password=x") == "postgresql:///shop");
    CHECK(orm::without_secrets("data/shop.db") == "data/shop.db");
}

TEST_CASE("the error for a missing driver names its component") {
    const auto missing = orm::driver_of("mariadb://db/shop");
    CHECK(missing.error() == errc::invalid_argument);
    CHECK(missing.error().message() == "no driver for mariadb:// is linked: link weir::orm_mysql");
    CHECK(orm::driver_of("postgres://db").error().message() ==
          "no driver for postgres:// is linked: link weir::orm_postgresql");
    CHECK(orm::driver_of("oracle://db").error().message() == "unsupported database URL scheme \"oracle\"");
}

TEST_CASE("opening a database without its linked driver fails with that reason") {
    loop home;
    database db("postgresql://db/shop");
    CHECK(home.block_on(db.open()).error() == errc::invalid_argument);
}
