// SPDX-License-Identifier: MIT
// Orders without the running program: a user deleted between the check of the token and the order's transaction.
#include "miniapp/api.hpp"
#include <weir/http/middleware/authenticate.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

using namespace miniapp;

namespace {

constexpr const char* one_tea = R"({"items":[{"product_id":1,"quantity":1}]})";

// Routes whose requests are authenticated as `subject`.
struct counter {
    weir::database db{":memory:"};
    store rows{db};
    order_api orders{rows};
    weir::router routes;
    weir::test_client client{routes};
    std::string subject = "1";

    counter() {
        client.loop().block_on(rows.prepare(true)).value();
        routes.use(weir::authenticate([this](weir::request&) { return weir::principal{subject, {}}; }));
        routes.post("/orders", &order_api::place, orders);
    }

    auto order() { return client.post("/orders", one_tea); }
    std::int64_t stock() { return client.loop().block_on(rows.products.find(1)).value().stock; }
};

} // namespace

TEST_CASE_FIXTURE(counter, "an order whose user is deleted before its transaction is a 401 and takes nothing") {
    user alice;
    alice.nickname = "alice";
    client.loop().block_on(rows.users.insert(alice)).value();
    subject = std::to_string(alice.id);
    CHECK(order().status == 201);
    CHECK(stock() == 119);

    client.loop().block_on(rows.users.erase(alice.id)).value();
    const auto refused = order();
    CHECK(refused.status == 401);
    CHECK(refused.body.find("no longer exists") != std::string::npos);
    CHECK(stock() == 119);
    CHECK(client.loop().block_on(rows.orders.count()).value() == 1);
}
