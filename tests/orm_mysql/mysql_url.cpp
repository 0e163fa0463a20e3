// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_url.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a URL is parsed into its parts") {
    const auto all = orm::parse_mysql_url("mysql://shop:s%3Acret%40@db.example:3307/my%20shop").value();
    CHECK(all.host == "db.example");
    CHECK(all.port == "3307");
    CHECK(all.user == "shop");
    CHECK(all.password == "s:cret@");
    CHECK(all.database == "my shop");
}

TEST_CASE("missing parts are empty, and the port defaults to 3306") {
    const auto bare = orm::parse_mysql_url("mysql://127.0.0.1").value();
    CHECK(bare.host == "127.0.0.1");
    CHECK(bare.port == "3306");
    CHECK(bare.user.empty());
    CHECK(bare.password.empty());
    CHECK(bare.database.empty());
    CHECK(orm::parse_mysql_url("mariadb://root@h/").value().user == "root");
}

TEST_CASE("an IPv6 host is in brackets") {
    const auto six = orm::parse_mysql_url("mysql://u@[::1]:3310/d").value();
    CHECK(six.host == "::1");
    CHECK(six.port == "3310");
    CHECK(orm::parse_mysql_url("mysql://[fe80::2]/d").value().host == "fe80::2");
}

TEST_CASE("TLS options of a URL are those of libpq") {
    const auto parsed = [](std::string options) { return orm::parse_mysql_url("mysql://u@h/d" + options).value(); };
    CHECK(parsed("").tls == orm::tls_mode::prefer);
    CHECK(parsed("?sslmode=disable").tls == orm::tls_mode::disable);
    CHECK(parsed("?sslmode=prefer").tls == orm::tls_mode::prefer);
    CHECK(parsed("?sslmode=require").tls == orm::tls_mode::require);
    CHECK(parsed("?sslmode=verify-full").root_certificate.empty());
    const auto all = parsed("?sslmode=verify-ca&sslrootcert=%2Fetc%2Fca%20s.pem&sslcert=/c.pem&sslkey=/k.pem");
    CHECK(all.database == "d");
    CHECK(all.tls == orm::tls_mode::verify_ca);
    CHECK(all.root_certificate == "/etc/ca s.pem");
    CHECK(all.certificate == "/c.pem");
    CHECK(all.key == "/k.pem");
}

TEST_CASE("a Unix socket takes the place of host and port") {
    const auto named = orm::parse_mysql_url("mysql://root@localhost/shop?socket=/run/mysqld/mysqld.sock").value();
    CHECK(named.socket == "/run/mysqld/mysqld.sock");
    CHECK(named.database == "shop");
    CHECK(orm::parse_mysql_url("mysql://root@/shop?socket=/s").value().user == "root");
}

TEST_CASE("an invalid option is refused with the accepted values") {
    const auto why = [](std::string options) {
        return std::string(orm::parse_mysql_url("mysql://h/d" + options).error().message());
    };
    CHECK(why("?sslmode=on") == "mysql://: sslmode must be disable, prefer, require, verify-ca or verify-full");
    CHECK(why("?ssl=1") == "mysql://: unknown option: expected socket, sslmode, sslrootcert, sslcert or sslkey");
    CHECK(why("?sslmode=verify-ca") == "mysql://: sslmode=verify-ca requires sslrootcert");
    CHECK(why("?sslmode=require&sslrootcert=/ca") == "mysql://: sslrootcert requires sslmode=verify-ca or verify-full");
    CHECK(why("?sslcert=%2") == "mysql://: invalid percent-encoding in an option");
}

TEST_CASE("an invalid URL is refused without showing it") {
    for (const char* bad :
         {"", "db", "mysql://", "mysql:///shop", "mysql://u:secret@/shop", "mysql://h:secret/d", "mysql://h:123456/d",
          "mysql://[::1]x/d", "mysql://h/d?secret=1", "mysql://u:pass?secret@h/d", "mysql://u:pass#secret@h/d",
          "mysql://h/%zz", "mysql://h/%4", "mysql://u:%@h/d"}) {
        CAPTURE(bad);
        const auto refused = orm::parse_mysql_url(bad);
        REQUIRE(!refused);
        CHECK(refused.error() == errc::invalid_argument);
        CHECK(refused.error().message().find("secret") == std::string::npos);
    }
}
