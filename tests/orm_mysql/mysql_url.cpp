// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_url.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a URL is taken to its parts") {
    const auto all = orm::parse_mysql_url("mysql://shop:s%3Acret%40@db.example:3307/my%20shop").value();
    CHECK(all.host == "db.example");
    CHECK(all.port == "3307");
    CHECK(all.user == "shop");
    CHECK(all.password == "s:cret@");
    CHECK(all.database == "my shop");
}

TEST_CASE("what isn't given is empty, and the port is 3306") {
    const auto bare = orm::parse_mysql_url("mysql://127.0.0.1").value();
    CHECK(bare.host == "127.0.0.1");
    CHECK(bare.port == "3306");
    CHECK(bare.user.empty());
    CHECK(bare.password.empty());
    CHECK(bare.database.empty());
    CHECK(orm::parse_mysql_url("mariadb://root@h/").value().user == "root");
}

TEST_CASE("an IPv6 host stands in brackets") {
    const auto six = orm::parse_mysql_url("mysql://u@[::1]:3310/d").value();
    CHECK(six.host == "::1");
    CHECK(six.port == "3310");
    CHECK(orm::parse_mysql_url("mysql://[fe80::2]/d").value().host == "fe80::2");
}

TEST_CASE("what is no URL of this kind is refused without showing it") {
    for (const char* bad :
         {"", "db", "mysql://", "mysql:///shop", "mysql://u:secret@/shop", "mysql://h:secret/d", "mysql://h:123456/d",
          "mysql://[::1]x/d", "mysql://h/secret?ssl=1", "mysql://h/%zz", "mysql://h/%4", "mysql://u:%@h/d"}) {
        CAPTURE(bad);
        const auto refused = orm::parse_mysql_url(bad);
        REQUIRE(!refused);
        CHECK(refused.error() == errc::invalid_argument);
        CHECK(refused.error().message().find("secret") == std::string::npos);
    }
}
