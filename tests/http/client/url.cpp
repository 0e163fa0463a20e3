// SPDX-License-Identifier: MIT
#include "http/client/url.hpp"

#include "support/print.hpp"
#include <weir/http/url_builder.hpp>

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::http;
using namespace weir::http::detail;

TEST_CASE("a query value can't add a parameter or escape its position") {
    const auto url = url_builder("https://api.example/login").query("code", "a&b=c#d e").query("x/y", "ü%").str();
    CHECK(url == "https://api.example/login?code=a%26b%3Dc%23d%20e&x%2Fy=%C3%BC%25");
}

TEST_CASE("a builder continues its base's query") {
    CHECK(url_builder("http://h/p?a=1").query("b", "2").str() == "http://h/p?a=1&b=2");
    CHECK(url_builder("http://h/p?").query("b", "").str() == "http://h/p?b=");
}

TEST_CASE("a path segment escapes its slashes") {
    CHECK(url_builder("http://h").segment("a/b").segment("..").query("q", "1").str() == "http://h/a%2Fb/..?q=1");
}

TEST_CASE("a URL is split into the parts that the client needs") {
    const auto url = parse_client_url("HTTPS://API.Example:8443/sns/x?a=1#part");
    REQUIRE(url);
    CHECK(url->tls);
    CHECK(url->host == "api.example");
    CHECK(url->port == 8443);
    CHECK(url->target == "/sns/x?a=1");
    CHECK(url->authority() == "api.example:8443");
}

TEST_CASE("ports have their scheme's default, which Host omits") {
    CHECK(parse_client_url("http://h")->port == 80);
    CHECK(parse_client_url("https://h:443")->authority() == "h");
    CHECK(parse_client_url("http://h")->target == "/");
    CHECK(parse_client_url("http://h?a=1")->target == "/?a=1");
}

TEST_CASE("an IPv6 address loses its brackets for the lookup and keeps them in Host") {
    const auto url = parse_client_url("http://[::1]:8080/");
    REQUIRE(url);
    CHECK(url->host == "::1");
    CHECK(url->authority() == "[::1]:8080");
}

TEST_CASE("anything but a plain http or https URL is refused without repeating it") {
    for (const char* text :
         {"", "ftp://h/", "http://", "http:///x", "h/secret", "//h/", "http://u:secret@h/", "http://h:0/",
          "http://h:65536/", "http://h:8x/", "http://h:/", "http://[::1", "http://[::1]x/", "http://a b/",
          "http://h/secret x", "http://h/secret\r\nX: y", "http://h/\xC3\xBC", "http://h\xC3\xBC/", "http://h/\x7f"}) {
        CAPTURE(text);
        const auto url = parse_client_url(text);
        REQUIRE(!url);
        CHECK(url.error() == errc::invalid_argument);
        CHECK(url.error().message().find("secret") == std::string_view::npos);
    }
}
