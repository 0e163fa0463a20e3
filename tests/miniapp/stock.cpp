// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

using namespace miniapp_test;

TEST_CASE_FIXTURE(unlimited_shop, "200 simultaneous orders for the last 50 items sell exactly 50") {
    constexpr std::int64_t tea = 1;
    const login alice = log_in("alice");
    REQUIRE(order_of(tea, stock_of(tea) - 50, alice.token).status == 201);
    REQUIRE(stock_of(tea) == 50);

    const std::string one = order_bytes(tea, 1, alice.token);
    std::vector<socket_client> buyers;
    for (int i = 0; i < 200; ++i) buyers.emplace_back(port(), std::chrono::seconds(60));
    for (auto& buyer : buyers) buyer.send(one);
    int sold = 0;
    int refused = 0;
    for (auto& buyer : buyers) {
        const auto res = buyer.receive();
        if (res.status == 201) {
            CHECK(body_of<order>(res, 201).total_cents == 6800);
            ++sold;
        } else {
            check_detail(refusal(res, 409, "out_of_stock"), "items[0].quantity", "in_stock");
            ++refused;
        }
    }
    CHECK(sold == 50);
    CHECK(refused == 150);
    CHECK(stock_of(tea) == 0);
    const std::string own = "/api/v1/users/" + std::to_string(alice.user.id) + "/orders?size=100";
    CHECK(body_of<list<order>>(ask("GET", own, {}, alice.token)).total == 51);
}
