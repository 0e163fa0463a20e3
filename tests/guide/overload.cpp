// SPDX-License-Identifier: MIT
#include <weir/http/middleware/shed.hpp>
#include <weir/http/router.hpp>
#include <weir/resilience/adaptive_limit.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

weir::traffic class_of(const weir::request& req) {
    return req.path().starts_with("/shop/pay") ? weir::traffic::critical : weir::traffic::normal;
}

void add_shop(weir::router& app, weir::adaptive_limit& adaptive) {
    app.route("/reports", [&](weir::router& reports) {
        reports.use(weir::shed(adaptive, weir::traffic::batch)); // shed first
        reports.get("/", [] { return "sales"; });
    });
    app.route("/shop", [&](weir::router& shop) {
        shop.use(weir::shed(adaptive, {.classify = class_of}));
        shop.get("/", [] { return "things"; }).post("/pay", [] { return "paid"; });
    });
}

} // namespace

TEST_CASE("the guide's shop sheds its reports first and its payments last") {
    weir::adaptive_limit adaptive;
    weir::router app;
    add_shop(app, adaptive);
    weir::test_client client(app);
    adaptive.set_limit(10);
    std::vector<weir::adaptive_limit::permit> held;
    const auto fill = [&](std::size_t count) {
        while (held.size() < count) held.push_back(adaptive.try_acquire(weir::traffic::critical));
    };
    fill(7);
    CHECK(client.get("/reports").status == 503);
    CHECK(client.get("/shop").status == 200);
    fill(9);
    CHECK(client.get("/shop").status == 503);
    CHECK(client.post("/shop/pay", "{}").body == "paid");
}
