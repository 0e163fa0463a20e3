// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/sessions.hpp>
#include <weir/http/router.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/security/memory_session_store.hpp>
#include <weir/security/session_metrics.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace session_guide {

struct cart {
    std::vector<std::int64_t> items{};
    std::string coupon{};
};
BOOST_DESCRIBE_STRUCT(cart, (), (items, coupon))

void add_cart(weir::router& app, weir::session_store& store) {
    app.use(weir::sessions(store));
    app.post("/cart/{id}", [](weir::session& s, weir::path<"id", std::int64_t> id) {
        auto mine = s.get_or<cart>("cart");
        mine.items.push_back(id);
        s.set("cart", mine).value(); // 413 if the session grows beyond its limit
        return mine;
    });
}

struct credentials {
    std::string name{};
    std::string password{};
};
BOOST_DESCRIBE_STRUCT(credentials, (), (name, password))

weir::result<weir::principal> check(const credentials& given) { // against the database
    if (given.password != "correct horse") return weir::error(weir::errc::unauthenticated, "wrong name or password");
    return weir::principal{given.name, {"orders:write"}};
}

void add_login(weir::router& app) {
    app.post("/login", [](weir::session& s, weir::body<credentials> given) -> weir::result<void> {
        const auto who = check(*given);
        if (!who) return who.error();
        return s.login(*who);
    });
    app.post("/logout", [](weir::session& s) { s.invalidate(); });
    app.route("/orders", [](weir::router& orders) {
        orders.use(weir::authenticate_session());
        orders.get("/", [](weir::principal user) { return "orders of " + user.subject; });
        orders.with(weir::require("orders:write")).post("/", [] { return weir::response(201); });
    });
}

struct device {
    std::string key{};
    weir::wall_time last_used{};
    bool current = false;
};
BOOST_DESCRIBE_STRUCT(device, (), (key, last_used, current))

void add_devices(weir::router& app, weir::session_store& store) {
    app.route("/devices", [&store](weir::router& devices) {
        devices.use(weir::authenticate_session());
        devices.get("/", [&store](const weir::session& s) -> weir::task<weir::result<std::vector<device>>> {
            const auto open = co_await store.sessions_of(s.user());
            if (!open) co_return open.error();
            std::vector<device> listed;
            for (const auto& one : *open) listed.push_back({one.key, one.accessed, one.key == s.key()});
            co_return listed;
        });
        devices.del("/others", [&store](const weir::session& s) -> weir::task<weir::result<void>> {
            const auto ended = co_await store.erase_others_of(s.user(), s.key());
            if (!ended) co_return ended.error();
            co_return weir::ok();
        });
    });
}

weir::middleware session_layer(weir::session_store& store) {
    weir::http::sessions_options options;
    options.header = "x-session"; // for the mini-program, beside the browsers' cookie
    options.session.idle = 20min; // default 30
    options.session.max_age = 8h; // default 24
    return weir::sessions(store, options);
}

} // namespace session_guide

using namespace session_guide;

TEST_CASE("the guide's cart, login and devices live in a session") {
    weir::memory_session_store store;
    weir::metrics metrics;
    weir::measure(metrics, store, "shop");
    weir::router app;
    add_cart(app, store);
    add_login(app);
    add_devices(app, store);
    weir::test_client client(app);
    const auto keep_cookie = [&](const weir::testing::test_response& got) {
        const std::string field = got.header("set-cookie");
        if (!field.empty()) client.header("cookie", field.substr(0, field.find(';')));
        return got;
    };
    keep_cookie(client.post("/cart/3", ""));
    CHECK(keep_cookie(client.post("/cart/4", "")).body == R"({"items":[3,4],"coupon":""})");
    CHECK(client.get("/orders").status == 401);
    CHECK(client.post("/login", R"({"name":"ann","password":"1234"})").status == 401);
    CHECK(keep_cookie(client.post("/login", R"({"name":"ann","password":"correct horse"})")).status == 204);
    CHECK(client.get("/orders").body == "orders of ann");
    CHECK(client.post("/orders", "").status == 201);
    CHECK(client.post("/cart/5", "").body == R"({"items":[3,4,5],"coupon":""})");

    weir::test_client other(app);
    CHECK(other.post("/login", R"({"name":"ann","password":"correct horse"})").status == 204);
    CHECK(client.get("/devices").body.find(R"("current":true)") != std::string::npos);
    CHECK(client.del("/devices/others").status == 204);
    CHECK(store.stats().active == 1);
    CHECK(keep_cookie(client.post("/logout", "")).status == 204);
    CHECK(client.get("/orders").status == 401);
    CHECK(metrics.text().find(R"(sessions_total{name="shop",event="created"} 2)") != std::string::npos);
}

TEST_CASE("the guide's mini-program has its session in a header") {
    weir::memory_session_store store;
    weir::router app;
    app.use(session_layer(store));
    add_login(app);
    weir::test_client client(app);
    client.header("x-session", "first");
    const auto got = client.post("/login", R"({"name":"ann","password":"correct horse"})");
    client.header("x-session", got.header("x-session"));
    CHECK(client.get("/orders").body == "orders of ann");
}
