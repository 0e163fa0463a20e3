// SPDX-License-Identifier: MIT
#include <weir/http/cookie.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::string pairs_of(std::string_view field) {
    std::string all;
    for (http::cookie_pairs pairs(field); pairs.next();)
        all.append("[").append(pairs.pair().name).append("|").append(pairs.pair().value).append("]");
    return all;
}

std::string cookie_refusal(const set_cookie& cookie) {
    const auto field = http::to_field(cookie);
    return field ? "accepted: " + *field : std::string(field.error().message());
}

struct cookie_fixture {
    router app;

    cookie_fixture() {
        app.get("/", [](cookie<"session"> session) {
            return std::string(session.present() ? "present:" : "absent:") + std::string(*session);
        });
        app.get("/login", [] { return with_cookie{"in", set_cookie{.name = "__Host-session", .value = "abc"}}; });
        app.get("/broken", [] { return with_cookie{"in", set_cookie{.name = "x", .value = "a b"}}; });
        app.get("/two", [] {
            response res;
            http::add_cookie(res, {.name = "a", .value = "1"}).value();
            http::add_cookie(res, http::expired({.name = "b", .value = "2"})).value();
            return res;
        });
    }
};

} // namespace

TEST_CASE("pairs are split at semicolons, values keep quotes and equals signs") {
    CHECK(pairs_of("a=1; b=2") == "[a|1][b|2]");
    CHECK(pairs_of("a=1;b=2;") == "[a|1][b|2]");
    CHECK(pairs_of(" a = 1 ;\tb=2\t") == "[a|1][b|2]");
    CHECK(pairs_of("a=x=y==") == "[a|x=y==]");
    CHECK(pairs_of("a=\"q\"; b=") == "[a|\"q\"][b|]");
    CHECK(pairs_of("") == "");
    CHECK(pairs_of(";;; ;") == "");
}

TEST_CASE("a piece without a name is not a cookie") {
    // RFC 6265bis section 5.7: a nameless cookie must not pass for one with a prefix
    CHECK(pairs_of("__Host-session=good; =__Host-session=evil; lonely") == "[__Host-session|good]");
}

TEST_CASE_FIXTURE(cookie_fixture, "a cookie is found by its exact name, the first of several") {
    test_client client(app);
    CHECK(client.get("/").body == "absent:");
    client.header("cookie", "Session=no; sessions=no; session=first; session=second");
    CHECK(client.get("/").body == "present:first");
    client.header("cookie", "session=");
    CHECK(client.get("/").body == "present:");
}

TEST_CASE_FIXTURE(cookie_fixture, "all Cookie fields are searched") {
    test_client client(app);
    client.write("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\ncookie: b=2; session=here\r\n\r\n");
    CHECK(client.receive().body == "present:here");
}

TEST_CASE("a cookie is HttpOnly, Secure, SameSite=Lax and for the whole host by default") {
    CHECK(http::to_field({.name = "session", .value = "abc"}).value() ==
          "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
    CHECK(http::to_field(
              {.name = "theme",
               .value = "dark",
               .max_age = 1h,
               .expires = wall_time(784111777s),
               .path = "/app",
               .domain = "example.com",
               .http_only = false,
               .secure = false,
               .same_site = same_site::strict})
              .value() == "theme=dark; Max-Age=3600; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Domain=example.com; "
                          "Path=/app; SameSite=Strict");
}

TEST_CASE("a cookie that a browser would read differently is refused, not quoted") {
    for (const char* value : {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nSet-Cookie: x=y", "\x7f", "\xc3\xa4"}) {
        CAPTURE(value);
        CHECK(cookie_refusal({.name = "x", .value = value}).find("encode it") != std::string::npos);
    }
    for (const char* name : {"", "a b", "a=b", "a;b", "a\nb", "\xc3\xa4"}) {
        CAPTURE(name);
        CHECK(cookie_refusal({.name = name}).find("not a token") != std::string::npos);
    }
    for (const char* path : {"", "app", "/a;b", "/a\nb"}) {
        CAPTURE(path);
        CHECK(cookie_refusal({.name = "x", .path = path}).find("path") != std::string::npos);
    }
    for (const char* domain : {".example.com", "example.com.", "exa mple", "a;b", "a\r\nb"}) {
        CAPTURE(domain);
        CHECK(cookie_refusal({.name = "x", .domain = domain}).find("domain") != std::string::npos);
    }
    CHECK(http::to_field({.name = "x", .value = std::string(4095, 'v')}).has_value());
    CHECK(cookie_refusal({.name = "x", .value = std::string(4096, 'v')}).find("4096") != std::string::npos);
    CHECK(cookie_refusal({.name = "x", .secure = false, .same_site = same_site::none}) ==
          "cookie x: SameSite=None needs Secure");
}

TEST_CASE("the prefixes' rules are enforced case-insensitively") {
    CHECK(http::to_field({.name = "__Host-s"}).has_value());
    CHECK(http::to_field({.name = "__Secure-s", .path = "/a", .domain = "example.com"}).has_value());
    CHECK(cookie_refusal({.name = "__Secure-s", .secure = false}) == "cookie __Secure-s: __Secure- needs Secure");
    CHECK(cookie_refusal({.name = "__HOST-s", .secure = false}) == "cookie __HOST-s: __Host- needs Secure");
    CHECK(cookie_refusal({.name = "__Host-s", .path = "/a"}) == "cookie __Host-s: __Host- needs Path=/");
    CHECK(cookie_refusal({.name = "__host-s", .domain = "a.b"}) == "cookie __host-s: __Host- allows no Domain");
}

TEST_CASE_FIXTURE(cookie_fixture, "a response sets several cookies and expires one") {
    test_client client(app);
    const auto res = client.get("/two");
    std::string all;
    for (const auto& [name, value] : res.headers)
        if (name == "set-cookie") all += value + "\n";
    CHECK(all == "a=1; Path=/; Secure; HttpOnly; SameSite=Lax\n"
                 "b=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax\n");
}

TEST_CASE_FIXTURE(cookie_fixture,
                  "a handler returns a value with a cookie; an invalid one is a 500 without its value") {
    test_client client(app);
    const auto in = client.get("/login");
    CHECK(in.body == "in");
    CHECK(in.header("set-cookie") == "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
    const auto broken = client.get("/broken");
    CHECK(broken.status == 500);
    CHECK(broken.header("set-cookie").empty());
    CHECK(broken.body.find("encode") == std::string::npos);
}
