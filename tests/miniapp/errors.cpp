// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"
#include <weir/security/jwt.hpp>

#include <doctest/doctest.h>

using namespace miniapp_test;

namespace {

constexpr const char* orders = "/api/v1/orders";

// Returns a token for this user, signed as in the dev profile, that expires in this many seconds.
std::string signed_token(std::int64_t user_id, std::int64_t expires_in) {
    const auto key = weir::jwt_key::hs256("only-for-development-never-for-production").value();
    weir::jwt_options options;
    options.issuer = "miniapp";
    weir::jwt_claims claims;
    claims.sub = std::to_string(user_id);
    claims.roles = {"shopper"};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    claims.iat = std::chrono::duration_cast<std::chrono::seconds>(now).count() - 7200;
    claims.exp = *claims.iat + 7200 + expires_in;
    return weir::jwt_keys(key, options).sign(claims).value();
}

} // namespace

TEST_CASE_FIXTURE(shop, "malformed or ill-typed input is a 400 that names the field") {
    const auto token = log_in("alice").token;
    check_detail(refusal(ask("POST", orders, R"({"items":[)", token), 400, "invalid_argument"), "items[0]", "syntax");
    check_detail(
        refusal(ask("POST", orders, R"({"items":[{"product_id":"1","quantity":1}]})", token), 400, "invalid_argument"),
        "items[0].product_id", "type");
    check_detail(refusal(ask("POST", orders, R"({"items":[{"product_id":1}]})", token), 400, "invalid_argument"),
                 "items[0].quantity", "required");
    check_detail(refusal(ask("POST", orders, "{}", token), 400, "invalid_argument"), "items", "required");
    check_detail(refusal(ask("GET", "/api/v1/orders/seven", {}, token), 400, "invalid_argument"), "id", "type");
    check_detail(refusal(ask("GET", "/api/v1/products?size=many"), 400, "invalid_argument"), "size", "type");
}

TEST_CASE_FIXTURE(shop, "a request without a valid token is a 401 with WWW-Authenticate") {
    const auto nobody = ask("GET", "/api/v1/me");
    CHECK(refusal(nobody, 401, "unauthenticated").details.empty());
    CHECK(nobody.header("www-authenticate") == "Bearer");
    refusal(ask("POST", orders, "not even JSON"), 401, "unauthenticated");
    refusal(ask("GET", "/api/v1/users"), 401, "unauthenticated");

    const auto good = log_in("alice").token;
    const auto signature = good.rfind('.') + 1;
    const std::string unsigned_token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" + good.substr(good.find('.'), signature);
    const std::string tampered =
        good.substr(0, signature) + (good[signature] == 'A' ? 'B' : 'A') + good.substr(signature + 1);
    // expires at 1 s of the epoch, with a forged signature
    const std::string stale =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwiZXhwIjoxfQ."
        "Zm9yZ2VkLXNpZ25hdHVyZS1vZi0zMi1ieXRlcy1sb25n";
    for (const std::string& bad :
         {std::string("x"), std::string("a.b.c"), unsigned_token, tampered, stale, std::string(4000, 'e')}) {
        CAPTURE(bad);
        refusal(ask("GET", "/api/v1/me", {}, bad), 401, "invalid_token");
    }
    refusal(socket_client(port()).request("GET", "/api/v1/me", {}, "Authorization: Basic YTpi\r\n"), 401,
            "unauthenticated");
}

TEST_CASE_FIXTURE(shop, "an expired token with a valid signature is a 401 token_expired") {
    const auto alice = log_in("alice").user.id;
    CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, signed_token(alice, 60))).id == alice);
    const auto stale = ask("GET", "/api/v1/me", {}, signed_token(alice, -60));
    CHECK(refusal(stale, 401, "token_expired").details.empty());
    CHECK(stale.header("www-authenticate") == "Bearer");
    refusal(ask("POST", orders, order_body(1, 1), signed_token(alice, -60)), 401, "token_expired");
    CHECK(stock_of(1) == 120);
}

TEST_CASE_FIXTURE(shop, "an admin's endpoint answers 403 to a shopper") {
    const auto bob = log_in("bob").token;
    refusal(ask("GET", "/api/v1/users", {}, bob), 403, "permission_denied");
    refusal(ask("DELETE", "/api/v1/users/1", {}, bob), 403, "permission_denied");
    refusal(ask("POST", "/api/v1/users", "not even JSON", bob), 403, "permission_denied");
}

TEST_CASE_FIXTURE(shop, "another user's order looks like one that does not exist, except to an admin") {
    const auto order_at = [](std::int64_t id) { return "/api/v1/orders/" + std::to_string(id); };
    const auto orders_of = [](std::int64_t id) { return "/api/v1/users/" + std::to_string(id) + "/orders"; };
    // the message without its id
    const auto message = [](const wire_response& res, std::int64_t id) {
        std::string text = refusal(res, 404, "not_found").message;
        const std::string number = std::to_string(id);
        const std::size_t at = text.find(number);
        REQUIRE(at != std::string::npos);
        return text.replace(at, number.size(), "?");
    };
    const login alice = log_in("alice");
    const login bob = log_in("bob");
    const auto placed = body_of<order>(order_of(1, 1, alice.token), 201);
    const std::int64_t missing = 12345;
    CHECK(message(ask("GET", order_at(placed.id), {}, bob.token), placed.id) ==
          message(ask("GET", order_at(missing), {}, bob.token), missing));
    CHECK(message(ask("GET", orders_of(alice.user.id), {}, bob.token), alice.user.id) ==
          message(ask("GET", orders_of(missing), {}, bob.token), missing));

    const auto admin = log_in("admin").token;
    CHECK(body_of<order>(ask("GET", order_at(placed.id), {}, admin)).id == placed.id);
    CHECK(body_of<list<order>>(ask("GET", orders_of(alice.user.id), {}, admin)).total == 1);
    CHECK(body_of<list<order>>(ask("GET", orders_of(bob.user.id), {}, admin)).total == 0);
    refusal(ask("GET", order_at(missing), {}, admin), 404, "not_found");
}

TEST_CASE_FIXTURE(shop, "an unknown path or id is a 404, and an unsupported method a 405 with Allow") {
    const auto token = log_in("alice").token;
    CHECK(refusal(ask("GET", "/api/v1/nowhere"), 404, "not_found").details.empty());
    refusal(ask("GET", "/api/v2/products"), 404, "not_found");
    refusal(ask("GET", "/api/v1/orders/12345", {}, token), 404, "not_found");
    refusal(ask("GET", "/api/v1/users/12345/orders", {}, token), 404, "not_found");
    const auto admin = log_in("admin").token;
    refusal(ask("GET", "/api/v1/users/12345/orders", {}, admin), 404, "not_found");
    refusal(ask("GET", "/api/v1/users/12345", {}, admin), 404, "not_found");

    const auto deleted = ask("DELETE", "/api/v1/products", {}, token);
    CHECK(refusal(deleted, 405, "method_not_allowed").details.empty());
    CHECK(deleted.header("allow") == "GET, HEAD, OPTIONS");
    const auto listed = ask("GET", orders, {}, token);
    refusal(listed, 405, "method_not_allowed");
    CHECK(listed.header("allow") == "POST, OPTIONS");
}

TEST_CASE_FIXTURE(shop, "an order beyond the stock is a 409 that says how many are left, and takes nothing") {
    const auto token = log_in("alice").token;
    const auto before = stock_of(1);
    const auto refused = refusal(
        ask("POST", orders, R"({"items":[{"product_id":1,"quantity":3},{"product_id":5,"quantity":19}]})", token), 409,
        "out_of_stock");
    check_detail(refused, "items[1].quantity", "in_stock");
    CHECK(refused.details[0].message == "Travel tea set: only 18 left");
    CHECK(stock_of(1) == before);
    CHECK(stock_of(5) == 18);
    check_detail(refusal(order_of(8, 1, token), 409, "out_of_stock"), "items[0].quantity", "in_stock");
}

TEST_CASE_FIXTURE(shop, "a body that is too large is a 413 before it arrives, and another content type a 415") {
    const std::string head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: ";
    socket_client large(port());
    large.send(head + "application/json\r\nContent-Length: 1048577\r\n\r\n");
    CHECK(refusal(large.receive(), 413, "content_too_large").details.empty());

    socket_client text(port());
    text.send(head + "text/plain\r\nContent-Length: 14\r\n\r\n{\"code\":\"0abc\"}");
    CHECK(refusal(text.receive(), 415, "unsupported_media_type").details.empty());
}

TEST_CASE_FIXTURE(shop, "well-formed input that breaks rules is a 422 that names every broken rule") {
    const auto token = log_in("alice").token;
    check_detail(refusal(ask("POST", orders, R"({"items":[]})", token), 422, "validation_failed"), "items",
                 "min_items");
    check_detail(refusal(order_of(1, 0, token), 422, "validation_failed"), "items[0].quantity", "range");
    check_detail(refusal(order_of(1, -1, token), 422, "validation_failed"), "items[0].quantity", "range");
    check_detail(refusal(order_of(4711, 1, token), 422, "validation_failed"), "items[0].product_id", "exists");
    check_detail(refusal(ask("GET", "/api/v1/products?size=101"), 422, "validation_failed"), "size", "range");
    check_detail(refusal(ask("GET", "/api/v1/products?page=0"), 422, "validation_failed"), "page", "range");

    const auto both = refusal(
        ask("POST", orders, R"({"items":[{"product_id":1,"quantity":0},{"product_id":2,"quantity":1000}]})", token),
        422, "validation_failed");
    REQUIRE(both.details.size() == 2);
    CHECK(both.details[0].field == "items[0].quantity");
    CHECK(both.details[1].field == "items[1].quantity");
    CHECK(stock_of(1) == 120);
}
