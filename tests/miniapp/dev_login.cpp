// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

using namespace miniapp_test;

namespace {

struct dev_shop : shop {
    std::string code_of(const std::string& name) {
        return body_of<fresh_code>(ask("POST", "/dev/wx-login", R"({"user":")" + name + R"("})")).code;
    }
};

void check_is(const user& who, std::string_view nickname, std::string_view role) {
    CHECK(who.nickname == nickname);
    CHECK(who.role == role);
}

} // namespace

TEST_CASE_FIXTURE(dev_shop, "a developer's login keeps its user when WeChat fails and the login is repeated") {
    const auto code = code_of("admin");
    wechat.fail_next(-1, 3);
    refusal(log_in_with(code), 503, "unavailable");
    wechat.state().garbage_next(3);
    refusal(log_in_with(code), 502, "bad_gateway");
    const login admin = body_of<login>(log_in_with(code));
    check_is(admin.user, "admin", "admin");
    CHECK(ask("GET", "/api/v1/users", {}, admin.token).status == 200);
}

TEST_CASE_FIXTURE(dev_shop, "a developer's login keeps its user across a restart between the code and the login") {
    const auto code = code_of("admin");
    program().signal(SIGTERM);
    CHECK(program().wait() == 0);
    start();
    check_is(body_of<login>(log_in_with(code)).user, "admin", "admin");
}

TEST_CASE_FIXTURE(dev_shop, "a developer's login completes a user known only by openid") {
    const auto unknown = body_of<login>(log_in_with(wechat.login("admin"))).user;
    check_is(unknown, "WeChat user", "shopper");
    const auto known = log_in("admin").user;
    CHECK(known.id == unknown.id);
    check_is(known, "admin", "admin");
}

TEST_CASE_FIXTURE(dev_shop, "a developer's login keeps what an admin has changed") {
    const login alice = log_in("alice");
    const auto admin = log_in("admin").token;
    const std::string place = "/api/v1/users/" + std::to_string(alice.user.id);
    body_of<user>(ask("PUT", place, R"({"nickname":"Alice","role":"admin"})", admin));
    const auto again = log_in("alice").user;
    CHECK(again.id == alice.user.id);
    check_is(again, "Alice", "admin");
}
