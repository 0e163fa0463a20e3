// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace miniapp_test;
using namespace std::chrono_literals;
using weir::testing::fault;

namespace {

struct hurried_shop : shop {
    hurried_shop() : shop({"--wechat.deadline", "500ms"}) {}
};

} // namespace

TEST_CASE_FIXTURE(shop, "a login code works once, and only if WeChat issued it") {
    const std::string code = wechat.login("alice");
    CHECK(body_of<login>(log_in_with(code)).user.nickname == "WeChat user");
    refusal(log_in_with(code), 401, "invalid_code");                    // 40163
    refusal(log_in_with("0made-up"), 401, "invalid_code");              // 40029
    refusal(log_in_with("%26secret=x&js_code=y"), 401, "invalid_code"); // stays one parameter
    check_detail(refusal(log_in_with(""), 422, "validation_failed"), "code", "not_empty");
}

TEST_CASE_FIXTURE(shop, "each of WeChat's errors has its own answer, and leaves the code usable") {
    const std::string code = wechat.login("alice");
    wechat.fail_next(40029);
    refusal(log_in_with(code), 401, "invalid_code");

    wechat.fail_next(45011);
    const auto limited = log_in_with(code);
    refusal(limited, 429, "resource_exhausted");
    CHECK(limited.header("retry-after") == "60");

    wechat.fail_next(-1, 3); // the call is made three times
    const auto busy = log_in_with(code);
    refusal(busy, 503, "unavailable");
    CHECK(busy.header("retry-after") == "1");

    wechat.fail_next(40226);
    refusal(log_in_with(code), 403, "user_blocked");

    wechat.fail_next(40013); // the shop's own configuration, which no client can change
    CHECK(refusal(log_in_with(code), 500, "internal").message == "internal error");

    wechat.state().garbage_next(3);
    refusal(log_in_with(code), 502, "bad_gateway");

    CHECK(body_of<login>(log_in_with(code)).token != "");
}

TEST_CASE_FIXTURE(
    hurried_shop,
    "a login is a 503 in time when WeChat is late, silent or unreachable, and other requests are served") {
    const std::vector<fault> faults{fault::deaf(), fault::blackhole(), fault::trickle(1, 1s), fault::reset_after(0)};
    const pid_t started = program().pid();
    for (const auto& bad : faults) {
        CAPTURE(static_cast<int>(bad.what()));
        line.set(bad);
        const auto begun = std::chrono::steady_clock::now();
        socket_client login(port());
        login.send(login_bytes(wechat.login("alice")));
        CHECK(ask("GET", "/healthz").status == 200);
        CHECK(stock_of(1) == 120);
        const auto late = login.receive();
        CHECK(std::chrono::steady_clock::now() - begun < 4s); // its deadline is 500ms, by default 5s
        CHECK(refusal(late, 503, "unavailable").details.empty());
    }
    line.refuse();
    refusal(log_in_with(wechat.login("alice")), 503, "unavailable");
    program().line_with("before the deadline"); // the log has the cause

    line.heal();
    CHECK(body_of<login>(log_in_with(wechat.login("alice"))).token != "");
    CHECK(program().running());
    CHECK(program().pid() == started);
}

TEST_CASE_FIXTURE(shop, "neither the answers nor the log contain the session key, the secret or a code") {
    std::string seen;
    const std::string code = wechat.login("alice");
    for (const int errcode : {40029, 45011, 40226, 40125}) {
        wechat.fail_next(errcode);
        seen += log_in_with(code).body;
    }
    wechat.fail_next(-1, 3);
    seen += log_in_with(code).body;
    wechat.state().garbage_next(3);
    seen += log_in_with(code).body;
    const auto good = log_in_with(code);
    const auto token = body_of<login>(good).token;
    seen += good.head + good.body;
    seen += ask("GET", "/api/v1/me", {}, token).body;
    CHECK(wechat.state().stats().exchanged == 1);

    program().signal(SIGTERM);
    CHECK(program().wait() == 0);
    const std::string log = program().errors();
    CHECK(log.find("jscode2session: errcode 40125") != std::string::npos); // the log has the cause
    for (const std::string& kept : {std::string("session_key"), wechat.state().options().secret, code,
                                    std::string("only-for-development-never-for-production")}) {
        CAPTURE(kept);
        CHECK(seen.find(kept) == std::string::npos);
        CHECK(log.find(kept) == std::string::npos);
    }
    CHECK(log.find(token) == std::string::npos);
    CHECK(seen.find(wechat.state().openid("alice")) == std::string::npos);
}
