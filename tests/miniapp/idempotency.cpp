// SPDX-License-Identifier: MIT
// The Idempotency-Key of orders, over the running program.
#include "miniapp/shop.hpp"
#include <weir/core/loop.hpp>
#include <weir/orm/database.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace miniapp_test;

namespace {

struct repeating_shop : unlimited_shop {
    static std::string key_field(std::string_view key) { return "Idempotency-Key: " + std::string(key) + "\r\n"; }

    wire_response order_with(const std::string& fields, const login& who, const std::string& body = order_body(1, 1)) {
        return socket_client(port()).request("POST", "/api/v1/orders", body, authorization(who.token) + fields);
    }

    std::int64_t orders_of(const login& who) {
        const std::string own = "/api/v1/users/" + std::to_string(who.user.id) + "/orders";
        return body_of<list<order>>(ask("GET", own, {}, who.token)).total;
    }

    void stop() {
        program().signal(SIGTERM);
        CHECK(program().wait() == 0);
    }

    // Sends each body on a connection of its own, all before the first answer is read.
    std::vector<wire_response> order_at_once(const std::vector<std::string>& bodies, const std::string& fields,
                                             const login& who) {
        std::vector<socket_client> buyers;
        for (std::size_t i = 0; i < bodies.size(); ++i) buyers.emplace_back(port(), std::chrono::seconds(60));
        for (std::size_t i = 0; i < bodies.size(); ++i)
            buyers[i].send("POST /api/v1/orders HTTP/1.1\r\nHost: test\r\n" + authorization(who.token) + fields +
                           "Content-Type: application/json\r\nContent-Length: " + std::to_string(bodies[i].size()) +
                           "\r\n\r\n" + bodies[i]);
        std::vector<wire_response> all;
        for (auto& buyer : buyers) all.push_back(buyer.receive());
        return all;
    }
};

void check_same(const wire_response& again, const wire_response& first) {
    CHECK(again.status == 201);
    CHECK(again.header("location") == first.header("location"));
    CHECK(again.body == first.body);
}

} // namespace

TEST_CASE_FIXTURE(repeating_shop, "the same key answers the same order, and sells nothing twice") {
    const login alice = log_in("alice");
    const auto key = key_field(R"("8e03978e-40d5-43e8-bc93-6894a57f9324")");
    const auto first = order_with(key, alice);
    CHECK(body_of<order>(first, 201).items.size() == 1);
    check_same(order_with(key, alice), first);
    check_same(order_with(key, alice, R"({ "items": [ {"quantity": 1, "product_id": 1} ] })"), first);
    check_same(order_with(key_field("8e03978e-40d5-43e8-bc93-6894a57f9324"), alice), first); // the same key, bare
    CHECK(orders_of(alice) == 1);
    CHECK(stock_of(1) == 119);
}

TEST_CASE_FIXTURE(repeating_shop, "requests without a key and with different keys place an order each") {
    const login alice = log_in("alice");
    const auto first = body_of<order>(order_with("", alice), 201);
    CHECK(body_of<order>(order_with("", alice), 201).id != first.id);
    body_of<order>(order_with(key_field("a"), alice), 201);
    body_of<order>(order_with(key_field("A"), alice), 201);
    CHECK(orders_of(alice) == 4);
    CHECK(stock_of(1) == 116);
}

TEST_CASE_FIXTURE(repeating_shop, "a key belongs to its user") {
    const login alice = log_in("alice");
    const login bob = log_in("bob");
    const auto hers = body_of<order>(order_with(key_field("k"), alice), 201);
    const auto his = body_of<order>(order_with(key_field("k"), bob), 201);
    CHECK(his.id != hers.id);
    CHECK(his.user_id == bob.user.id);
}

TEST_CASE_FIXTURE(repeating_shop, "a key with other items is a 422 that takes nothing") {
    const login alice = log_in("alice");
    const auto first = order_with(key_field("k"), alice);
    const std::vector<std::string> others{order_body(1, 2), order_body(2, 1),
                                          R"({"items":[{"product_id":1,"quantity":1},{"product_id":2,"quantity":1}]})"};
    for (const auto& other : others) {
        CAPTURE(other);
        const auto refused = refusal(order_with(key_field("k"), alice, other), 422, "idempotency_key_reused");
        check_detail(refused, "Idempotency-Key", "reused");
    }
    check_same(order_with(key_field("k"), alice), first);
    CHECK(orders_of(alice) == 1);
    CHECK(stock_of(1) == 119);
    CHECK(stock_of(2) == 40);
}

TEST_CASE_FIXTURE(repeating_shop, "a refused order leaves its key unused") {
    const login alice = log_in("alice");
    refusal(order_with(key_field("k"), alice, order_body(5, 19)), 409, "out_of_stock");
    const auto first = order_with(key_field("k"), alice, order_body(5, 18));
    CHECK(first.status == 201);
    check_same(order_with(key_field("k"), alice, order_body(5, 18)), first); // although the stock is gone
    CHECK(stock_of(5) == 0);
}

TEST_CASE_FIXTURE(repeating_shop, "a key is 1 to 255 visible ASCII characters, in quotes or not; others are a 400") {
    const login alice = log_in("alice");
    const std::string longest(255, 'k');
    const std::vector<std::string> bad{
        "",          "\"\"",          longest + "k", '"' + longest + "k\"",
        "two words", "\"two words\"", "\"no end",    "\"more\" behind",
        "\"a\"b\"",  "\"\\x\"",       "\"\\",        "k\xc3\xa9y"};
    for (const auto& key : bad) {
        CAPTURE(key);
        check_detail(refusal(order_with(key_field(key), alice), 400, "invalid_argument"), "Idempotency-Key", "format");
    }
    refusal(order_with(key_field("a") + key_field("a"), alice), 400, "invalid_argument");
    CHECK(orders_of(alice) == 0);

    check_same(order_with(key_field('"' + longest + '"'), alice), order_with(key_field(longest), alice));
    check_same(order_with(key_field(R"("a\"b\\c")"), alice), order_with(key_field(R"(a"b\c)"), alice));
    CHECK(order_with(key_field("!~{}[]();,"), alice).status == 201);
    CHECK(orders_of(alice) == 3);
}

TEST_CASE_FIXTURE(repeating_shop, "100 simultaneous requests with one key place one order") {
    const login alice = log_in("alice");
    const auto all = order_at_once(std::vector<std::string>(100, order_body(1, 1)), key_field("k"), alice);
    for (const auto& res : all) check_same(res, all.front());
    CHECK(orders_of(alice) == 1);
    CHECK(stock_of(1) == 119);
}

TEST_CASE_FIXTURE(repeating_shop,
                  "simultaneous requests with one key and two bodies place one order; the other body is a 422") {
    const login alice = log_in("alice");
    std::vector<std::string> bodies;
    for (int i = 0; i < 50; ++i) bodies.insert(bodies.end(), {order_body(1, 1), order_body(1, 2)});
    const auto all = order_at_once(bodies, key_field("k"), alice);
    const auto first = std::ranges::find(all, 201, &wire_response::status);
    REQUIRE(first != all.end());
    const auto placed = (first - all.begin()) % 2;
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        if (static_cast<std::ptrdiff_t>(i % 2) == placed)
            check_same(all[i], *first);
        else
            refusal(all[i], 422, "idempotency_key_reused");
    }
    CHECK(orders_of(alice) == 1);
    CHECK(stock_of(1) == 120 - (placed + 1));
}

TEST_CASE_FIXTURE(repeating_shop, "a key survives a restart") {
    const login alice = log_in("alice");
    const auto first = order_with(key_field("k"), alice);
    stop();
    start();
    check_same(order_with(key_field("k"), alice), first);
    CHECK(orders_of(alice) == 1);
}

TEST_CASE_FIXTURE(repeating_shop, "a database without keys is migrated, and keeps its orders") {
    const login alice = log_in("alice");
    const auto old = body_of<order>(order_with("", alice), 201);
    stop();
    {
        weir::loop home;
        weir::database db(database_file());
        home.block_on(db.execute("DROP INDEX orders_user_id_idempotency_key_unique")).value();
        home.block_on(db.execute("ALTER TABLE orders DROP COLUMN idempotency_key")).value();
        home.block_on(db.close()).value();
    }
    start();
    CHECK(body_of<order>(ask("GET", "/api/v1/orders/" + std::to_string(old.id), {}, alice.token)).items == old.items);
    body_of<order>(order_with("", alice), 201);
    const auto first = order_with(key_field("k"), alice);
    check_same(order_with(key_field("k"), alice), first);
    CHECK(orders_of(alice) == 3);
    CHECK(stock_of(1) == 117);
}
