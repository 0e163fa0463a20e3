// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

using namespace miniapp_test;

namespace {

constexpr const char* users = "/api/v1/users";

} // namespace

TEST_CASE_FIXTURE(shop, "an admin creates, shows, lists, changes and deletes users") {
    const login admin = log_in("admin");
    CHECK(admin.user.role == "admin");

    const auto made_answer = ask("POST", users, R"({"nickname":"Chen","email":"chen@example.com"})", admin.token);
    const auto made = body_of<user>(made_answer, 201);
    const std::string place = std::string(users) + "/" + std::to_string(made.id);
    CHECK(made_answer.header("location") == place);
    CHECK(made.nickname == "Chen");
    CHECK(made.email == "chen@example.com");
    CHECK(made.role == "shopper");
    CHECK(ask("GET", place, {}, admin.token).body == made_answer.body);

    const auto all = body_of<list<user>>(ask("GET", users, {}, admin.token));
    CHECK(all.total == 2);
    REQUIRE(all.items.size() == 2);
    CHECK(all.items[0].id == admin.user.id);
    CHECK(all.items[1].id == made.id);
    const auto second = body_of<list<user>>(ask("GET", "/api/v1/users?page=2&size=1", {}, admin.token));
    CHECK(second.total == 2);
    REQUIRE(second.items.size() == 1);
    CHECK(second.items[0].id == made.id);

    const auto changed = body_of<user>(ask("PUT", place, R"({"nickname":"陈","role":"admin"})", admin.token));
    CHECK(changed.nickname == "陈");
    CHECK(changed.role == "admin");
    CHECK_FALSE(changed.email);
    CHECK(changed.created_at == made.created_at);

    const auto renamed = body_of<user>(ask("PUT", place, R"({"nickname":"Chen"})", admin.token));
    CHECK(renamed.nickname == "Chen");
    CHECK(renamed.role == "admin"); // a request without a role keeps it

    const auto gone = ask("DELETE", place, {}, admin.token);
    CHECK(gone.status == 204);
    CHECK(gone.body == "");
    refusal(ask("GET", place, {}, admin.token), 404, "not_found");
    refusal(ask("PUT", place, R"({"nickname":"Chen"})", admin.token), 404, "not_found");
    refusal(ask("DELETE", place, {}, admin.token), 404, "not_found");
}

TEST_CASE_FIXTURE(shop, "an email belongs to one user") {
    const auto admin = log_in("admin").token;
    const std::string chen = R"({"nickname":"Chen","email":"chen@example.com"})";
    body_of<user>(ask("POST", users, chen, admin), 201);
    check_detail(refusal(ask("POST", users, chen, admin), 409, "already_exists"), "email", "unique");
    const auto other = body_of<user>(ask("POST", users, R"({"nickname":"Li"})", admin), 201);
    const std::string place = std::string(users) + "/" + std::to_string(other.id);
    check_detail(refusal(ask("PUT", place, chen, admin), 409, "already_exists"), "email", "unique");
    CHECK(body_of<user>(ask("GET", place, {}, admin)).nickname == "Li");
}

TEST_CASE_FIXTURE(shop, "a user that breaks rules is a 422 that names all of them") {
    const auto admin = log_in("admin").token;
    const auto refused =
        refusal(ask("POST", users, R"({"nickname":"","email":"nonsense"})", admin), 422, "validation_failed");
    REQUIRE(refused.details.size() == 2);
    CHECK(refused.details[0].field == "nickname");
    CHECK(refused.details[0].rule == "not_empty");
    CHECK(refused.details[1].field == "email");
    CHECK(refused.details[1].rule == "email");
    check_detail(refusal(ask("POST", users, R"({"nickname":"Li","role":"owner"})", admin), 400, "invalid_argument"),
                 "role", "type");
}
