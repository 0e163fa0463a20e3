// SPDX-License-Identifier: MIT
#include "http/middleware/peer_address.hpp"
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace weir;
using http::proxy_fields;

namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

// The client as a handler sees it, when the peer sends these fields.
std::string seen_from(const std::string& peer, http::trusted_proxies_options options, const fields& sent) {
    router app;
    app.use(trusted_proxies(std::move(options)));
    app.get("/", [](client_info client) { return client.scheme + "://" + client.host + " " + client.address; });
    test_client client(app, {.remote_address = peer});
    std::string head = "GET / HTTP/1.1\r\nHost: inner:8080\r\n";
    for (const auto& [name, value] : sent) head.append(name).append(": ").append(value).append("\r\n");
    client.write(head + "\r\n");
    return client.receive().body;
}

std::string seen(http::trusted_proxies_options options, const fields& sent) {
    return seen_from("127.0.0.1", std::move(options), sent);
}

http::trusted_proxies_options trusting(std::vector<std::string> proxies,
                                       proxy_fields which = proxy_fields::x_forwarded) {
    return {.proxies = std::move(proxies), .fields = which};
}

std::string by_forwarded(const std::string& value) {
    return seen(trusting({"127.0.0.1", "10.0.0.0/8"}, proxy_fields::forwarded), {{"Forwarded", value}});
}

std::string by_address(const std::string& value) {
    return seen(trusting({"127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"}), {{"X-Forwarded-For", value}});
}

const std::string direct = "http://inner:8080 127.0.0.1";
const std::string unknown = "http://inner:8080 unknown";

} // namespace

TEST_CASE("an untrusted peer is the client, whatever it sends") {
    const fields said{{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil"}};
    CHECK(seen({}, said) == direct);
    CHECK(seen(trusting({"10.0.0.0/8"}), said) == direct);
    CHECK(seen(trusting({"::1", "127.0.0.2"}), said) == direct);
    CHECK(seen({.direct_scheme = "https"}, said) == "https://inner:8080 127.0.0.1");
}

TEST_CASE("a trusted proxy supplies address, scheme and host") {
    const fields said{
        {"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "HTTPS"}, {"X-Forwarded-Host", "shop.example:8443"}};
    CHECK(seen(trusting({"127.0.0.1"}), said) == "https://shop.example:8443 203.0.113.9");
    CHECK(seen(trusting({"127.0.0.1"}), {{"X-Forwarded-Proto", "https"}}) == "https://inner:8080 127.0.0.1");
    CHECK(seen(trusting({"127.0.0.1"}), {}) == direct);
}

TEST_CASE("hops are read from the right until an untrusted one, over all fields of that name") {
    CHECK(by_address("6.6.6.6, 203.0.113.9, 10.1.2.3") == "http://inner:8080 203.0.113.9");
    CHECK(by_address("10.9.9.9, 10.1.2.3") == "http://inner:8080 10.9.9.9");
    CHECK(by_address("6.6.6.6,, 203.0.113.9 ,") == "http://inner:8080 203.0.113.9");
    CHECK(seen(trusting({"127.0.0.1", "10.0.0.0/8"}),
               {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9"}, {"x-forwarded-for", "10.1.2.3"}}) ==
          "http://inner:8080 203.0.113.9");
}

TEST_CASE("scheme and host belong to the selected hop") {
    const fields said{{"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.1.2.3"},
                      {"X-Forwarded-Proto", "ftp, https, http"},
                      {"X-Forwarded-Host", "shop.example"}};
    CHECK(seen(trusting({"127.0.0.1", "10.0.0.0/8"}), said) == "https://shop.example 203.0.113.9");
}

TEST_CASE("a client for which a proxy gives no address is unknown, never the proxy itself") {
    for (const char* nonsense : {"unknown", "_hidden", "6.6.6.6.6", "1.2.3.4:port", "[::1", "[::1]x", "127.0.0.1%lo",
                                 "fe80::1%", "<script>", "300.1.1.1", "\"1.2.3.4\"", "\""}) {
        CAPTURE(nonsense);
        CHECK(by_address(std::string("6.6.6.6, ") + nonsense + ", 10.1.2.3") == unknown);
        CHECK(by_address(std::string("6.6.6.6, ") + nonsense) == unknown);
    }
}

TEST_CASE("X-Forwarded-For is split only at commas, whatever quotes a client puts before the proxy's value") {
    for (const char* opening : {"\"", "\"6.6.6.6", "6.6.6.6, \"", "\"\\", "\\", "a=\"b"}) {
        CAPTURE(opening);
        CHECK(by_address(std::string(opening) + ", 203.0.113.9") == "http://inner:8080 203.0.113.9");
        CHECK(by_address(std::string(opening) + ", 203.0.113.9, 10.1.2.3") == "http://inner:8080 203.0.113.9");
    }
    CHECK(seen(trusting({"127.0.0.1"}),
               {{"X-Forwarded-For", "203.0.113.9"},
                {"X-Forwarded-Host", "\", shop.example"},
                {"X-Forwarded-Proto", "\", https"}}) == "https://shop.example 203.0.113.9");
}

TEST_CASE("the zone of a proxy's address is ignored") {
    const auto from = [](const char* peer, std::vector<std::string> proxies, const char* said) {
        return seen_from(peer, trusting(std::move(proxies)), {{"X-Forwarded-For", said}});
    };
    CHECK(from("fe80::1%eth0", {"fe80::/10"}, "203.0.113.9") == "http://inner:8080 203.0.113.9");
    CHECK(from("fe80::1%eth0", {"fe80::1"}, "203.0.113.9") == "http://inner:8080 203.0.113.9");
    CHECK(from("fe80::1%2", {"fe80::1%1"}, "203.0.113.9") == "http://inner:8080 203.0.113.9");
    CHECK(from("fe80::1%2", {"fe80::2"}, "203.0.113.9") == "http://inner:8080 fe80::1%2");
    CHECK(from("127.0.0.1", {"127.0.0.1", "fe80::/10"}, "203.0.113.9, fe80::7%eth0") ==
          "http://inner:8080 203.0.113.9");
    CHECK(from("fe80::1%eth0", {"fe80::/10"}, ",") == "http://inner:8080 fe80::1");
}

TEST_CASE("ports and brackets are removed, and IPv4-mapped IPv6 becomes IPv4") {
    CHECK(by_address("203.0.113.9:4711") == "http://inner:8080 203.0.113.9");
    CHECK(by_address("[2001:db9::1]:4711") == "http://inner:8080 2001:db9::1");
    CHECK(by_address("2001:DB9::0:1, 2001:db8::7") == "http://inner:8080 2001:db9::1");
    CHECK(by_address("6.6.6.6, ::ffff:203.0.113.9, ::ffff:10.1.2.3") == "http://inner:8080 203.0.113.9");
}

TEST_CASE("an invalid scheme or host is ignored") {
    const auto with = [](const char* name, const char* value) {
        return seen(trusting({"127.0.0.1"}), {{name, value}});
    };
    for (const char* scheme : {"ftp", "javascript", "https\"", "wss"})
        CHECK(with("X-Forwarded-Proto", scheme) == direct);
    for (const char* host : {"a b", "a/b", "a@b", "a:b", "a%2e", "\"a\""})
        CHECK(with("X-Forwarded-Host", host) == direct);
}

TEST_CASE("Forwarded is read as in RFC 7239") {
    CHECK(by_forwarded("for=203.0.113.9;proto=https;host=shop.example;by=10.0.0.1") ==
          "https://shop.example 203.0.113.9");
    CHECK(by_forwarded("FOR=\"[2001:db8::17]:4711\" ; Proto=HTTPS; host=\"shop.example:8443\"") ==
          "https://shop.example:8443 2001:db8::17");
    CHECK(by_forwarded("for=6.6.6.6;proto=https, for=203.0.113.9;proto=https, for=10.0.0.3;proto=http") ==
          "https://inner:8080 203.0.113.9");
    CHECK(by_forwarded("for=203.0.113.9;ext=\"a, b\", for=10.0.0.3") == "http://inner:8080 203.0.113.9");
    CHECK(by_forwarded("for=6.6.6.6, for=unknown;proto=https, for=10.0.0.3") == "https://inner:8080 unknown");
    CHECK(by_forwarded("for=203.0.113.9;host=\"a\\\", for=10.0.0.1\"") == unknown);
    CHECK(by_forwarded("for=6.6.6.6, proto=https") == "https://inner:8080 unknown");
    CHECK(by_forwarded("for=_secret") == unknown);
    CHECK(by_forwarded(",") == direct);
}

TEST_CASE("a malformed element of Forwarded is ignored, and nothing to its left is read") {
    for (const char* bad : {"for=1.2.3.4;for=5.6.7.8", "for=", "for", "=1.2.3.4", "for=\"1.2.3.4", "for=1.2.3.4\"",
                            "for=\"1.2.3\\.4\"", "for = 1.2.3.4", "for=1.2.3.4 proto=https", "f r=1.2.3.4"}) {
        CAPTURE(bad);
        CHECK(by_forwarded(std::string("for=6.6.6.6, ") + bad) == unknown);
    }
}

TEST_CASE("a client's quote can't swallow the proxy's own value") {
    for (const char* opening : {"for=\"", "for=6.6.6.6;host=\"", "for=6.6.6.6;x=\"\\", "for=6.6.6.6;x=\"a\";y=\""}) {
        CAPTURE(opening);
        for (const char* own : {"for=203.0.113.9", "for=\"203.0.113.9\"", "for=203.0.113.9, for=\"10.0.0.3:80\""})
            CHECK(by_forwarded(std::string(opening) + ", " + own) == "http://inner:8080 203.0.113.9");
        CHECK(by_forwarded(opening) == unknown);
    }
}

TEST_CASE("only the kind of field that the proxies set is read") {
    const fields both{{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=6.6.6.6"}};
    CHECK(seen(trusting({"127.0.0.1"}), both) == "http://inner:8080 203.0.113.9");
    CHECK(seen(trusting({"127.0.0.1"}, proxy_fields::forwarded), both) == "http://inner:8080 6.6.6.6");
}

TEST_CASE("without the middleware, the client is the connection's peer") {
    router app;
    app.get("/", [](client_info client) { return client.scheme + "://" + client.host + " " + client.address; });
    test_client client(app);
    CHECK(client.header("x-forwarded-for", "6.6.6.6").get("/").body == "http://test 127.0.0.1");
}

TEST_CASE("an absolute target's host replaces the Host field everywhere") {
    router app;
    app.get("/", [](const request& req, client_info client) {
        std::string all = client.host + " " + std::string(req.header("host"));
        for (std::size_t i = 0; i < req.header_count(); ++i)
            all.append(" ").append(req.header_at(i).name).append("=").append(req.header_at(i).value);
        return all;
    });
    app.get("/later", [](const request& req, client_info client) -> task<std::string> {
        co_return client.host + " " + std::string(req.header("host"));
    });
    test_client client(app);
    const auto answer = [&](const std::string& head) {
        client.write(head + "\r\n\r\n");
        return client.receive().body;
    };
    CHECK(answer("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\nX: y") ==
          "a.example a.example Host=a.example X=y");
    CHECK(answer("GET HTTPS://a.example:8443 HTTP/1.1\r\nx:y\r\nhOsT:\tb.example") ==
          "a.example:8443 a.example:8443 x=y hOsT=a.example:8443");
    CHECK(answer("GET http://a.example/later HTTP/1.1\r\nHost: b.example") == "a.example a.example");
    CHECK(answer("GET / HTTP/1.1\r\nHost: b.example") == "b.example b.example Host=b.example");
    CHECK(answer("GET http://a.example/ HTTP/1.0\r\nConnection: keep-alive") == "a.example  Connection=keep-alive");
    CHECK(answer("GET http://[::1]:80/ HTTP/1.0\r\nHost: b.example") == "[::1]:80 [::1]:80 Host=[::1]:80");
}

TEST_CASE("the access log contains the client that the middleware determined") {
    manual_clock time;
    memory_log lines;
    router app;
    app.use(access_log(logger(lines.sink(), {.asynchronous = false, .clock = &time})));
    app.use(trusted_proxies(trusting({"127.0.0.1"}, proxy_fields::forwarded)));
    app.get("/", [] { return ""; });
    test_client client(app, {.clock = &time});
    client.header("forwarded", "for=203.0.113.9").get("/");
    REQUIRE(lines.lines().size() == 1);
    CHECK(lines.lines().front().find(R"("client":"203.0.113.9")") != std::string::npos);
}

TEST_CASE("an invalid network or scheme is refused at start-up") {
    CHECK_THROWS_AS(trusted_proxies(trusting({"everybody"})), std::invalid_argument);
    CHECK_THROWS_AS(trusted_proxies(trusting({"10.0.0.0/33"})), std::invalid_argument);
    CHECK_THROWS_AS(trusted_proxies({.direct_scheme = "ftp"}), std::invalid_argument);
}
