// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"
#include "support/promtool.hpp"

#include <doctest/doctest.h>

using namespace miniapp_test;

TEST_CASE_FIXTURE(shop, "a shopper logs in, browses, places an order and sees it") {
    const login alice = log_in("alice");
    CHECK(alice.expires_in == 7200);
    CHECK(alice.user.nickname == "alice");
    CHECK(alice.user.role == "shopper");
    CHECK_FALSE(alice.user.email);

    const auto me = body_of<user>(ask("GET", "/api/v1/me", {}, alice.token));
    CHECK(me.id == alice.user.id);
    CHECK(me.created_at == alice.user.created_at);

    const auto shelf = body_of<list<product>>(ask("GET", "/api/v1/products"));
    CHECK(shelf.page == 1);
    CHECK(shelf.size == 20);
    CHECK(shelf.total == 8);
    REQUIRE(shelf.items.size() == 8);
    const product tea = shelf.items[0];
    const product cake = shelf.items[1];

    const std::string wanted =
        R"({"items":[{"product_id":)" + std::to_string(tea.id) + R"(,"quantity":2},{"product_id":)" +
        std::to_string(cake.id) + R"(,"quantity":1}]})";
    const auto placed_answer = ask("POST", "/api/v1/orders", wanted, alice.token);
    const auto placed = body_of<order>(placed_answer, 201);
    const std::string location = "/api/v1/orders/" + std::to_string(placed.id);
    CHECK(placed_answer.header("location") == location);
    CHECK(placed.user_id == me.id);
    CHECK(placed.status == "placed");
    CHECK(placed.total_cents == 2 * tea.price_cents + cake.price_cents);
    const std::vector<order_item> items{{tea.id, 2, tea.price_cents}, {cake.id, 1, cake.price_cents}};
    CHECK(placed.items == items);
    CHECK(stock_of(tea.id) == tea.stock - 2);
    CHECK(stock_of(cake.id) == cake.stock - 1);

    const auto shown = ask("GET", location, {}, alice.token);
    CHECK(body_of<order>(shown).total_cents == placed.total_cents);
    CHECK(shown.body == placed_answer.body);

    const std::string own = "/api/v1/users/" + std::to_string(me.id) + "/orders";
    const auto orders = body_of<list<order>>(ask("GET", own, {}, alice.token));
    CHECK(orders.total == 1);
    REQUIRE(orders.items.size() == 1);
    CHECK(orders.items[0].id == placed.id);
    CHECK(orders.items[0].items == items);
}

TEST_CASE_FIXTURE(shop, "a second login yields the same user") {
    const login first = log_in("alice");
    const login second = log_in("alice");
    const login other = log_in("bob");
    CHECK(second.user.id == first.user.id);
    CHECK(other.user.id != first.user.id);
    CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, first.token)).nickname == "alice");
    CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, second.token)).nickname == "alice");
}

TEST_CASE_FIXTURE(shop, "products can be searched and paged") {
    const auto found = body_of<list<product>>(ask("GET", "/api/v1/products?q=%E8%8C%89%E8%8E%89"));
    CHECK(found.total == 1);
    REQUIRE(found.items.size() == 1);
    CHECK(found.items[0].name == "茉莉花茶 (jasmine), 250 g");

    const auto third = body_of<list<product>>(ask("GET", "/api/v1/products?page=3&size=3"));
    CHECK(third.page == 3);
    CHECK(third.size == 3);
    CHECK(third.total == 8);
    CHECK(third.items.size() == 2);

    const auto beyond = body_of<list<product>>(ask("GET", "/api/v1/products?page=4&size=3"));
    CHECK(beyond.total == 8);
    CHECK(beyond.items.empty());

    const auto none = body_of<list<product>>(ask("GET", "/api/v1/products?q=100%25"));
    CHECK(none.total == 0); // a percent sign is not a wildcard
}

TEST_CASE_FIXTURE(shop, "the program serves the page, health and metrics") {
    const auto page = ask("GET", "/");
    CHECK(page.status == 200);
    CHECK(page.header("content-type") == "text/html; charset=utf-8");
    CHECK(page.body.find("<html") != std::string::npos);
    CHECK(page.header("content-security-policy") == "default-src 'self'; frame-ancestors 'none'");
    const auto known = "If-None-Match: " + page.header("etag") + "\r\n";
    CHECK(socket_client(port()).request("GET", "/", {}, known).status == 304);
    CHECK(ask("GET", "/app.js").header("content-type").starts_with("text/javascript"));
    CHECK(ask("GET", "/style.css").header("content-type").starts_with("text/css"));
    CHECK(ask("GET", "/healthz").body == "ok\n");
    CHECK(ask("GET", "/readyz").body == "ready\n");

    CHECK(ask("GET", "/api/v1/products").status == 200);
    CHECK(ask("GET", "/api/v1/orders/7").status == 401);
    const auto metrics = ask("GET", "/metrics");
    INFO(metrics.body);
    CHECK(metrics.status == 200);
    CHECK(metrics.header("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    const auto counted = [&](const std::string& series) { return metrics.body.find(series) != std::string::npos; };
    CHECK(counted(R"(http_requests_total{method="GET",route="/api/v1/products",status="200"} 1)"));
    CHECK(counted(R"(http_requests_total{method="GET",route="/api/v1/orders/{id}",status="401"} 1)"));
    const auto verdict = test_support::promtool(metrics.body);
    CHECK(verdict.says == "");
    CHECK(verdict.status == 0);
}

TEST_CASE_FIXTURE(shop, "each request writes one line to the log") {
    const std::string id = socket_client(port()).request("GET", "/api/v1/me").header("x-request-id");
    REQUIRE(id != "");
    const std::string line = program().line_with(id);
    CHECK(line.find(R"("path":"/api/v1/me")") != std::string::npos);
    CHECK(line.find(R"("status":401)") != std::string::npos);
    program().signal(SIGTERM);
    CHECK(program().wait() == 0);
    const std::string log = program().errors();
    CHECK(log.find(id) == log.rfind(id));
}
