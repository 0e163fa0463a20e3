// SPDX-License-Identifier: MIT
#include "http/middleware/sessions_fixture.hpp"
#include <weir/http/event_stream.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::session_cookie;
using test_support::sessions_fixture;

TEST_CASE_FIXTURE(sessions_fixture, "a client without cookies has its session in a header") {
    options.cookie = "";
    options.header = "x-session";
    mount();
    test_client client(app, {.clock = &time});
    const auto first = client.get("/count");
    const std::string token = first.header("x-session");
    CHECK(token.size() == 43);
    CHECK(first.header("set-cookie").empty());
    CHECK(first.header("vary") == "x-session");
    client.header("x-session", token);
    CHECK(client.get("/count").body == "2");
    const std::string rotated = client.post("/login", "").header("x-session");
    CHECK(rotated.size() == 43);
    CHECK(rotated != token);
    client.header("x-session", rotated);
    CHECK(client.get("/account").body == "ann");
    CHECK(client.post("/logout", "").header("x-session") == "");
    CHECK(client.get("/account").status == 401);
}

TEST_CASE_FIXTURE(sessions_fixture, "browsers and mini-programs share one layer") {
    options.header = "x-session";
    mount();
    CHECK(session_cookie(get("/count")) == id);
    test_client client(app, {.clock = &time});
    client.write("GET /count HTTP/1.1\r\nhost: a\r\nx-session:\r\n\r\n");
    const auto first = client.receive();
    CHECK(first.header("x-session").size() == 43);
    CHECK(first.header("set-cookie").empty());
    client.header("cookie", "__Host-sid=" + id).header("x-session", first.header("x-session"));
    CHECK(client.get("/count").body == "2");
    client.header("sec-fetch-site", "cross-site");
    CHECK(client.post("/login", "").status == 204);
    client.header("x-session", "");
    CHECK(client.post("/login", "").status == 403);
}

TEST_CASE_FIXTURE(sessions_fixture, "pages of other sites can't change things with the user's cookie") {
    options.origins = {"https://admin.example.com"};
    mount();
    post("/login");
    test_client client(app, {.clock = &time});
    client.header("cookie", "__Host-sid=" + id).header("origin", "https://evil.example");
    const auto refused = client.post("/logout", "");
    CHECK(refused.status == 403);
    CHECK(refused.body.find("cross_site") != std::string::npos);
    CHECK(client.get("/account").body == "ann");
    client.header("origin", "https://admin.example.com");
    CHECK(client.post("/logout", "").status == 204);
}

TEST_CASE_FIXTURE(sessions_fixture, "the check of origins can be left out") {
    options.check_origin = false;
    mount();
    test_client client(app, {.clock = &time});
    client.header("sec-fetch-site", "cross-site");
    CHECK(client.post("/login", "").status == 204);
}

TEST_CASE_FIXTURE(sessions_fixture, "a remembered cookie is renewed with its session") {
    options.remember = 24h * 7;
    mount();
    const auto first = get("/count");
    CHECK(first.header("set-cookie").find("Max-Age=604800") != std::string::npos);
    CHECK(get("/look").header("set-cookie").empty());
    time.advance(2min);
    const auto renewed = get("/look");
    CHECK(session_cookie(renewed) == id);
    CHECK(renewed.header("set-cookie").find("Max-Age=604800") != std::string::npos);
}

TEST_CASE_FIXTURE(sessions_fixture, "two layers keep two sessions, and a handler sees the inner one") {
    memory_session_store staff({.clock = &time});
    auto inner = options;
    inner.cookie = "__Host-staff";
    app.use(sessions(store, options));
    app.use([](request& req, next rest) -> task<response> {
        auto loaded = co_await load_session(req);
        (*loaded)->set("outer", 1).value();
        response res = co_await rest(req);
        CHECK(find_session(req) == *loaded);
        (*loaded)->set("after", (*loaded)->contains("outer")).value();
        co_return res;
    });
    app.route("/staff", [&](router& routes) {
        routes.use(sessions(staff, inner));
        routes.get("/", [](session& s) {
            s.set("inner", 1).value();
            return s.contains("outer") ? "outer" : "inner";
        });
    });
    test_client client(app, {.clock = &time});
    const auto got = client.get("/staff");
    CHECK(got.body == "inner");
    int cookies = 0;
    for (const auto& [name, value] : got.headers) cookies += name == "set-cookie" ? 1 : 0;
    CHECK(cookies == 2);
    CHECK(store.stats().active == 1);
    CHECK(staff.stats().active == 1);
}

TEST_CASE_FIXTURE(sessions_fixture, "a layer whose store fails leaves the session of the layer around it alone") {
    memory_session_store around({.clock = &time});
    auto outer = options;
    outer.cookie = "__Host-outer";
    app.use(sessions(around, outer));
    app.use([](request& req, next rest) -> task<response> {
        auto loaded = co_await load_session(req);
        response res = co_await rest(req);
        find_session(req)->set("status", res.status).value();
        CHECK(find_session(req) == *loaded);
        co_return res;
    });
    app.with(sessions(store, options)).get("/", [](session& s) { return s.user(); });
    store.broken = errc::unavailable;
    id = std::string(43, 'x');
    CHECK(get("/").status == 503);
    CHECK(around.stats().active == 1);
}

TEST_CASE_FIXTURE(sessions_fixture, "a WebSocket's handshake knows the session") {
    mount();
    app.get("/live", [](const session& s, websocket_upgrade upgrade) {
        return upgrade.accept([user = s.user()](websocket& peer) -> task<void> { co_await peer.send(user); });
    });
    post("/login");
    test_client client(app, {.clock = &time});
    client.write("GET /live HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                 "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: __Host-sid=" +
                 id + "\r\n\r\n");
    client.poll();
    const std::string out = client.output();
    CHECK(out.find("101 Switching Protocols") != std::string::npos);
    CHECK(out.find("ann") != std::string::npos);
}

TEST_CASE_FIXTURE(sessions_fixture, "a session is saved before a streamed response begins") {
    mount();
    app.get("/events", [](session& s) {
        s.set("listening", true).value();
        return http::event_stream([](http::event_writer& out) -> task<result<void>> {
            co_return co_await out.send("hello");
        });
    });
    const auto got = get("/events");
    CHECK(got.body.find("hello") != std::string::npos);
    CHECK(!id.empty());
    CHECK(get("/look").body == "known");
}

TEST_CASE("session options out of range are refused at start-up") {
    memory_session_store store;
    const auto refused = [&](http::sessions_options options) {
        CHECK_THROWS_AS(sessions(store, std::move(options)), std::invalid_argument);
    };
    refused({.cookie = ""});
    refused({.cookie = "a b"});
    refused({.cookie = "__Host-sid", .secure = false});
    refused({.cookie = "__Host-sid", .path = "/app"});
    refused({.header = "x session"});
    refused({.cookie = "sid", .secure = false, .same_site = same_site::none});
    refused({.remember = 0s});
    refused({.origins = {"shop.example.com"}});
    refused({.session = {.idle = 0s}});
    CHECK_NOTHROW(sessions(store, {.cookie = "sid", .secure = false}));
}
