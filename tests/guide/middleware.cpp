// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/cors.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

weir::result<weir::principal> who(weir::request& req) {
    if (req.bearer() != "letmein") return weir::errc::unauthenticated;
    weir::principal found;
    found.subject = "alice";
    found.permissions = {"orders:read"};
    return found;
}

void add_layers(weir::router& app) {
    weir::http::cors_options shop;
    shop.origins = {"https://shop.example"};
    app.use(weir::request_id()).use(weir::http::cors(shop));
    app.route("/orders", [](weir::router& orders) {
        orders.use(weir::authenticate(who)).use(weir::require("orders:read"));
        orders.get("/", [](weir::principal user) { return "orders of " + user.subject; });
    });
}

// A layer of your own can be a plain function, which costs no coroutine ...
weir::middleware no_store() {
    return [](weir::request&, weir::response& res) { res.headers.set("cache-control", "no-store"); };
}

// ... or a coroutine around all inner layers.
weir::middleware not_found_as_empty() {
    return [](weir::request& req, weir::next next) -> weir::task<weir::response> {
        auto res = co_await next(req);
        if (res.status == 404) res = weir::response(204);
        co_return res;
    };
}

TEST_CASE("the guide's layers work as it says") {
    weir::router app;
    add_layers(app);
    app.with(no_store()).with(not_found_as_empty()).get("/gone", []() -> weir::result<std::string> {
        return weir::errc::not_found;
    });
    weir::test_client client(app);
    const auto stranger = client.get("/orders");
    CHECK(stranger.status == 401);
    CHECK(!stranger.header("x-request-id").empty());
    client.header("authorization", "Bearer letmein").header("origin", "https://shop.example");
    const auto mine = client.get("/orders");
    CHECK(mine.body == "orders of alice");
    CHECK(mine.header("access-control-allow-origin") == "https://shop.example");
    const auto gone = client.get("/gone");
    CHECK(gone.status == 204);
    CHECK(gone.header("cache-control") == "no-store");
}
