// SPDX-License-Identifier: MIT
// Authentication (401) and permission (403), by the user's present row and not by the token.
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

using namespace miniapp_test;

namespace {

struct guarded_route {
    const char* method;
    const char* target;
    const char* body;
};

const std::vector<guarded_route> for_users{
    {"GET", "/api/v1/me", ""},
    {"POST", "/api/v1/orders", R"({"items":[{"product_id":1,"quantity":1}]})"},
    {"GET", "/api/v1/orders/1", ""},
    {"GET", "/api/v1/users/1/orders", ""},
};

const std::vector<guarded_route> for_admins{
    {"GET", "/api/v1/users", ""},      {"POST", "/api/v1/users", R"({"nickname":"Chen"})"},
    {"GET", "/api/v1/users/1", ""},    {"PUT", "/api/v1/users/1", R"({"nickname":"Chen","role":"admin"})"},
    {"DELETE", "/api/v1/users/1", ""},
};

struct staffed_shop : shop {
    login admin = log_in("admin");

    static std::string place_of(const user& who) { return "/api/v1/users/" + std::to_string(who.id); }

    void remove(const user& who) { CHECK(ask("DELETE", place_of(who), {}, admin.token).status == 204); }
    void give_role(const user& who, const std::string& role) {
        const std::string body = R"({"nickname":")" + who.nickname + R"(","role":")" + role + R"("})";
        CHECK(body_of<user>(ask("PUT", place_of(who), body, admin.token)).role == role);
    }

    // Checks that every route refuses this token.
    void check_refused(const std::vector<guarded_route>& routes, std::string_view token, int status,
                       std::string_view code) {
        for (const auto& route : routes) {
            CAPTURE(route.method);
            CAPTURE(route.target);
            refusal(ask(route.method, route.target, route.body, token), status, code);
        }
    }
};

} // namespace

TEST_CASE_FIXTURE(staffed_shop, "a deleted shopper's token is refused everywhere, and orders nothing") {
    const login alice = log_in("alice");
    CHECK(order_of(1, 1, alice.token).status == 201);
    remove(alice.user);
    check_refused(for_users, alice.token, 401, "unauthenticated");
    check_refused(for_admins, alice.token, 401, "unauthenticated");
    CHECK(ask("GET", "/api/v1/me", {}, alice.token).header("www-authenticate") == "Bearer");
    CHECK(stock_of(1) == 119);
}

TEST_CASE_FIXTURE(staffed_shop, "a deleted admin's token is refused everywhere") {
    const login second = log_in("deputy");
    give_role(second.user, "admin");
    CHECK(ask("GET", "/api/v1/users", {}, second.token).status == 200);
    remove(second.user);
    check_refused(for_users, second.token, 401, "unauthenticated");
    check_refused(for_admins, second.token, 401, "unauthenticated");
    CHECK(body_of<list<user>>(ask("GET", "/api/v1/users", {}, admin.token)).total == 1);
}

TEST_CASE_FIXTURE(staffed_shop, "a new role takes effect at the next request, with the same token") {
    const login alice = log_in("alice");
    const auto order = body_of<miniapp_test::order>(order_of(1, 1, admin.token), 201);
    const std::string not_hers = "/api/v1/orders/" + std::to_string(order.id);
    check_refused(for_admins, alice.token, 403, "permission_denied");
    refusal(ask("GET", not_hers, {}, alice.token), 404, "not_found");

    give_role(alice.user, "admin");
    CHECK(ask("GET", "/api/v1/users", {}, alice.token).status == 200);
    CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, alice.token)).role == "admin");
    CHECK(body_of<miniapp_test::order>(ask("GET", not_hers, {}, alice.token)).id == order.id);

    give_role(alice.user, "shopper");
    check_refused(for_admins, alice.token, 403, "permission_denied");
    refusal(ask("GET", not_hers, {}, alice.token), 404, "not_found");
    CHECK(order_of(1, 1, alice.token).status == 201);
    CHECK(body_of<list<user>>(ask("GET", "/api/v1/users", {}, admin.token)).total == 2);
}

TEST_CASE_FIXTURE(staffed_shop, "a login after a deletion creates a new user, and the old token stays invalid") {
    const login before = log_in("alice");
    remove(before.user);
    const login after = log_in("alice");
    CHECK(after.user.id > before.user.id);
    refusal(ask("GET", "/api/v1/me", {}, before.token), 401, "unauthenticated");
    CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, after.token)).id == after.user.id);
}

TEST_CASE_FIXTURE(shop, "without a token each guarded route is a 401, even for a malformed body") {
    for (const auto* routes : {&for_users, &for_admins})
        for (const auto& route : *routes) {
            CAPTURE(route.method);
            CAPTURE(route.target);
            refusal(ask(route.method, route.target, "{"), 401, "unauthenticated");
        }
}
