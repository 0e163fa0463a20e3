// SPDX-License-Identifier: MIT
#include "redis/wire/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using weir::redis::detail::parse_url;
using weir::redis::detail::topology;

TEST_CASE("a URL needs no more than a host") {
    const auto url = parse_url("redis://cache").value();
    CHECK(url.kind == topology::single);
    CHECK(url.hosts.front().text() == "cache:6379");
    CHECK(url.database == 0);
    CHECK(url.password.empty());
}

TEST_CASE("a URL has user, password, port and database") {
    const auto url = parse_url("redis://weir:p%40ss%2F:x@[::1]:7000/3").value();
    CHECK(url.user == "weir");
    CHECK(url.password == "p@ss/:x");
    CHECK(url.hosts.front().host == "::1");
    CHECK(url.hosts.front().text() == "[::1]:7000");
    CHECK(url.database == 3);
    const auto only_password = parse_url("redis://:secret@h").value();
    CHECK(only_password.user.empty());
    CHECK(only_password.password == "secret");
    CHECK(parse_url("rediss://h")->tls);
}

TEST_CASE("Sentinel and a cluster have several hosts") {
    const auto group = parse_url("redis+sentinel://:pw@a,b:1/main/2").value();
    CHECK(group.kind == topology::sentinel);
    CHECK(group.hosts.size() == 2);
    CHECK(group.hosts[0].text() == "a:26379");
    CHECK(group.hosts[1].text() == "b:1");
    CHECK(group.master == "main");
    CHECK(group.database == 2);
    const auto cluster = parse_url("redis+cluster://a:1,b").value();
    CHECK(cluster.kind == topology::cluster);
    CHECK(cluster.hosts[1].text() == "b:6379");
}

TEST_CASE("a wrong URL is refused without its password") {
    for (const std::string_view wrong :
         {"", "redis:/h", "http://h", "redis://", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/x",
          "redis://h/-1", "redis://a,b", "redis+sentinel://a", "redis+sentinel://a/", "redis+cluster://a/1",
          "redis://[::1", "redis://:%zz@h", "redis://:%4@h", "redis+x://h", "redisx://h", "redis://a b"}) {
        CAPTURE(wrong);
        CHECK(parse_url(wrong).error() == weir::errc::invalid_argument);
    }
    const auto refused = parse_url("redis://user:geheim@h:x").error();
    CHECK(refused.describe().find("geheim") == std::string::npos);
    CHECK(refused.message().find("accepted redis://user:password@host:port/database") != std::string_view::npos);
}
