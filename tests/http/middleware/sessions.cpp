// SPDX-License-Identifier: MIT
#include "http/middleware/sessions_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::session_cookie;
using test_support::sessions_fixture;

TEST_CASE_FIXTURE(sessions_fixture, "a session lasts from request to request by its cookie") {
    mount();
    const auto first = get("/count");
    CHECK(first.body == "1");
    CHECK(first.header("set-cookie") == "__Host-sid=" + id + "; Path=/; Secure; HttpOnly; SameSite=Lax");
    CHECK(first.header("cache-control") == "no-store");
    CHECK(first.header("vary") == "Cookie");
    const auto second = get("/count");
    CHECK(second.body == "2");
    CHECK(second.header("set-cookie").empty());
    CHECK(second.header("cache-control").empty());
    CHECK(second.header("vary") == "Cookie");
}

TEST_CASE_FIXTURE(sessions_fixture, "a request that doesn't use its session costs no access to the store") {
    mount();
    get("/count");
    store.calls = 0;
    time.advance(20min);
    const auto got = get("/plain");
    CHECK(got.body == "plain");
    CHECK(got.header("vary").empty());
    CHECK(get("/maybe").body == "without");
    CHECK(get("/none").status == 404);
    CHECK(store.calls == 0);
    CHECK(get("/maybe?yes").body == "with");
    CHECK(store.calls == 2);
}

TEST_CASE_FIXTURE(sessions_fixture, "a request that only looks creates no session") {
    mount();
    const auto got = get("/look");
    CHECK(got.body == "new");
    CHECK(got.header("set-cookie").empty());
    CHECK(store.calls == 0);
    get("/count");
    CHECK(get("/look").body == "known");
}

TEST_CASE_FIXTURE(sessions_fixture, "a suspended handler keeps its session") {
    mount();
    CHECK(get("/later").status == 200);
    CHECK(get("/look").body == "known");
}

TEST_CASE_FIXTURE(sessions_fixture, "a session is saved even if its handler answers with an error") {
    mount();
    CHECK(get("/fail").status == 409);
    CHECK(get("/look").body == "known");
}

TEST_CASE_FIXTURE(sessions_fixture, "a login changes the id, and the old one opens nothing") {
    mount();
    get("/count");
    const std::string planted = id;
    CHECK(get("/account").status == 401);
    CHECK(post("/login").status == 204);
    CHECK(id != planted);
    CHECK(get("/account").body == "ann");
    CHECK(get("/count").body == "2");
    id = planted;
    CHECK(get("/account").status == 401);
    CHECK(get("/count").body == "1");
    CHECK(id != planted);
}

TEST_CASE_FIXTURE(sessions_fixture, "a session's login is a principal with its permissions") {
    mount();
    post("/login");
    CHECK(get("/account/orders").status == 200);
    CHECK(get("/account/change").status == 403);
    const auto anonymous = test_client(app).get("/account/orders");
    CHECK(anonymous.status == 401);
}

TEST_CASE_FIXTURE(sessions_fixture, "a service maps a session's user to a principal of its own") {
    app.use(sessions(store, options));
    app.post("/login", [](session& s) -> result<void> { return s.login(principal{"ann", {}}); });
    app.with(authenticate_session([](const session& s) -> result<principal> {
           if (s.user() != "ann") return errc::unauthenticated;
           return principal{"user " + s.user(), {}};
       }))
        .get("/me", [](principal who) { return who.subject; });
    CHECK(get("/me").status == 401);
    post("/login");
    CHECK(get("/me").body == "user ann");
}

TEST_CASE_FIXTURE(sessions_fixture, "a logout ends the session and its cookie") {
    mount();
    post("/login");
    const std::string ended = id;
    const auto got = post("/logout");
    CHECK(session_cookie(got) == "deleted");
    CHECK(got.header("set-cookie").find("Secure") != std::string::npos);
    CHECK(got.header("cache-control") == "no-store");
    id = ended;
    CHECK(get("/account").status == 401);
    CHECK(store.stats().active == 0);
}

TEST_CASE_FIXTURE(sessions_fixture, "an unknown id isn't adopted, and the browser's cookie isn't deleted") {
    mount();
    id = std::string(43, 'x');
    const auto looked = get("/look");
    CHECK(looked.body == "new");
    CHECK(looked.header("set-cookie").empty());
    const std::string planted = id;
    get("/count");
    CHECK(id != planted);
    id = "%00";
    CHECK(get("/look").body == "new");
}

TEST_CASE_FIXTURE(sessions_fixture, "a session ends on every device") {
    mount();
    post("/login");
    const std::string phone = id;
    id.clear();
    post("/login");
    loop home{time};
    CHECK(home.block_on(store.sessions_of("ann"))->size() == 2);
    CHECK(home.block_on(store.erase_all_of("ann")).value() == 2);
    CHECK(get("/account").status == 401);
    id = phone;
    CHECK(get("/account").status == 401);
}

TEST_CASE_FIXTURE(sessions_fixture, "a broken store fails requests that need the session and no others") {
    mount();
    get("/count");
    store.broken = errc::unavailable;
    const auto got = get("/count");
    CHECK(got.status == 503);
    CHECK(got.body == R"({"code":"sessions_unavailable","message":"sessions are unavailable, try again later",)"
                      R"("details":[]})");
    CHECK(got.header("retry-after") == "1");
    store.broken = errc::deadline_exceeded;
    CHECK(get("/maybe?yes").status == 503);
    CHECK(get("/account").status == 503);
    CHECK(get("/plain").status == 200);
    CHECK(get("/maybe").status == 200);
    id.clear();
    CHECK(get("/look").status == 200);
    CHECK(get("/count").status == 503);
    CHECK(post("/login").status == 503);
    CHECK(id.empty());
}

TEST_CASE_FIXTURE(sessions_fixture,
                  "a store that fails after the handler fails the response, but not for an access time") {
    app.use(sessions(store, options));
    app.get("/set", [this](session& s) {
        s.set("n", 1).value();
        store.broken = errc::unavailable;
        return "done";
    });
    app.get("/read", [this](const session& s) {
        store.broken = errc::unavailable;
        return s.is_new() ? "new" : "known";
    });
    app.get("/start", [](session& s) { s.set("a", 1).value(); });
    get("/start");
    const auto got = get("/set");
    CHECK(got.status == 503);
    CHECK(got.header("set-cookie").empty());
    store.broken = errc::ok;
    time.advance(5min);
    CHECK(get("/read").body == "known");
    store.broken = errc::ok;
}

TEST_CASE("a handler with a session and without the layer is answered with 500") {
    router app;
    app.get("/", [](session& s) { return s.user(); });
    app.get("/maybe", [](request& req) -> task<result<std::string>> {
        auto loaded = co_await load_session(req);
        if (!loaded) co_return loaded.error();
        co_return "loaded";
    });
    test_client client(app);
    CHECK(client.get("/").status == 500);
    CHECK(client.get("/maybe").status == 500);
}
