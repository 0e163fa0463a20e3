// SPDX-License-Identifier: MIT
// Limits, circuit breaker, retries and fallback of the running program, with their metrics.
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>

using namespace miniapp_test;
using namespace std::chrono_literals;

namespace {

using flags = std::vector<std::string>;

struct protected_shop : shop {
    using shop::shop;

    wire_response products_of(const std::string& address) {
        return socket_client(port()).request("GET", "/api/v1/products", {}, "X-Forwarded-For: " + address + "\r\n");
    }

    wire_response me(const login& who) { return ask("GET", "/api/v1/me", {}, who.token); }

    /// A login request with this token, and with a code that is not WeChat's.
    wire_response log_in_holding(std::string_view token) {
        return ask("POST", "/api/v1/auth/login", login_body("0any"), token);
    }
};

// Checks that the response is this limit's 429.
void check_limited(const wire_response& res, const std::string& limit) {
    refusal(res, 429, "resource_exhausted");
    CHECK(res.header("retry-after") != "");
    CHECK(res.header("ratelimit").find('"' + limit + '"') != std::string::npos);
}

flags few(const std::string& whose, const std::string& burst) {
    const std::string limit = "--limits." + whose;
    return {limit + ".rate", "1", limit + ".per", "1h", limit + ".burst", burst};
}

flags few_behind_a_proxy() {
    auto all = few("address", "1");
    all.insert(all.end(), {"--trusted_proxies", "127.0.0.0/8"});
    return all;
}

} // namespace

TEST_CASE("too many requests from an address are a 429, except for the operator's endpoints") {
    protected_shop it(few("address", "3"));
    for (int i = 0; i < 3; ++i) CHECK(it.ask("GET", "/api/v1/products").status == 200);
    check_limited(it.ask("GET", "/api/v1/products"), "address");
    check_limited(it.log_in_with("0any"), "address");
    CHECK(it.ask("GET", "/healthz").status == 200);
    CHECK(it.metric(R"(rate_limiter_allowed_total{name="address"})") == 3);
    CHECK(it.metric(R"(rate_limiter_refused_total{name="address"})") == 2);
    CHECK(it.metric(R"(rate_limiter_keys{name="address"})") == 1);
}

TEST_CASE("behind a trusted proxy the limit counts each client's address") {
    protected_shop it(few_behind_a_proxy());
    CHECK(it.products_of("203.0.113.1").status == 200);
    check_limited(it.products_of("203.0.113.1"), "address");
    CHECK(it.products_of("203.0.113.2").status == 200);
}

TEST_CASE("without a trusted proxy X-Forwarded-For is ignored") {
    protected_shop it(few("address", "1"));
    CHECK(it.products_of("203.0.113.1").status == 200);
    check_limited(it.products_of("203.0.113.2"), "address");
}

TEST_CASE("too many requests from a user are a 429 for that user only") {
    protected_shop it(few("user", "2"));
    const login alice = it.log_in("alice");
    const login bob = it.log_in("bob");
    CHECK(it.me(alice).status == 200);
    CHECK(it.me(alice).status == 200);
    check_limited(it.me(alice), "user");
    CHECK(it.me(bob).status == 200);
    CHECK(it.ask("GET", "/api/v1/products").status == 200);
    CHECK(it.metric(R"(rate_limiter_refused_total{name="user"})") == 1);
}

TEST_CASE("a login retries WeChat while it is briefly busy") {
    protected_shop it;
    const std::string code = it.wechat.login("alice");
    it.wechat.fail_next(-1, 2);
    CHECK(body_of<login>(it.log_in_with(code)).token != "");
    CHECK(it.metric(R"(retry_recovered_total{name="wechat"})") == 1);
    CHECK(it.metric(R"(circuit_breaker_calls_total{name="wechat",outcome="failed"})") == 2);
}

TEST_CASE("the circuit breaker stops calls to WeChat after repeated failures") {
    protected_shop it(
        {"--wechat.retry.attempts", "1", "--wechat.breaker.minimum_calls", "3", "--wechat.breaker.open_for", "1h"});
    it.line.refuse();
    for (int i = 0; i < 3; ++i) refusal(it.log_in_with(it.wechat.login("alice")), 503, "unavailable");
    it.line.heal();
    const auto before = it.wechat.state().stats().calls;
    const auto refused = it.log_in_with(it.wechat.login("alice"));
    refusal(refused, 503, "unavailable");
    CHECK(std::stoi(refused.header("retry-after")) > 3500);
    CHECK(it.wechat.state().stats().calls == before);
    CHECK(it.metric(R"(circuit_breaker_state{name="wechat",state="open"})") == 1);
    CHECK(it.metric(R"(circuit_breaker_not_permitted_total{name="wechat"})") == 1);
    it.program().line_with(R"("message":"circuit breaker","name":"wechat","from":"closed","to":"open")");
}

TEST_CASE("the circuit breaker closes after a few successful logins") {
    protected_shop it(
        {"--wechat.retry.attempts", "1", "--wechat.breaker.minimum_calls", "3", "--wechat.breaker.open_for", "1ms"});
    it.line.refuse();
    for (int i = 0; i < 3; ++i) refusal(it.log_in_with(it.wechat.login("alice")), 503, "unavailable");
    CHECK(it.metric(R"(circuit_breaker_opened_total{name="wechat"})") == 1);
    it.line.heal();
    for (int i = 0; i < 3; ++i) it.log_in("alice");
    CHECK(it.metric(R"(circuit_breaker_state{name="wechat",state="closed"})") == 1);
}

TEST_CASE_FIXTURE(protected_shop, "while WeChat is unavailable, a valid token logs its user in") {
    const login alice = log_in("alice");
    line.refuse();
    line.reset_all();
    CHECK(body_of<login>(log_in_holding(alice.token)).user.id == alice.user.id);
    refusal(log_in_holding(""), 503, "unavailable");
    refusal(log_in_holding(alice.token + "x"), 503, "unavailable");
    CHECK(metric(R"(fallback_used_total{name="wechat"})") == 1);
    CHECK(metric(R"(fallback_failed_total{name="wechat"})") == 2);
}

TEST_CASE_FIXTURE(protected_shop, "while WeChat answers, a token does not replace a login code") {
    const login alice = log_in("alice");
    refusal(log_in_holding(alice.token), 401, "invalid_code");
    wechat.fail_next(45011);
    refusal(log_in_holding(alice.token), 429, "resource_exhausted");
}

TEST_CASE("logins that wait for WeChat fill only their own limit") {
    protected_shop it({"--overload.min", "1", "--overload.max", "1"});
    it.line.set(weir::testing::fault::blackhole());
    constexpr int many = 20;
    std::vector<std::unique_ptr<socket_client>> waiting;
    for (int i = 0; i < many; ++i) {
        waiting.push_back(std::make_unique<socket_client>(it.port()));
        waiting.back()->send(shop::login_bytes(it.wechat.login("alice")));
    }
    const std::string normal = R"({name="logins",class="normal"})";
    const auto limit = std::chrono::steady_clock::now() + 4s; // they wait for 5 s
    while (it.metric("adaptive_limit_admitted_total" + normal) + it.metric("adaptive_limit_refused_total" + normal) <
           many)
        REQUIRE(std::chrono::steady_clock::now() < limit);
    CHECK(it.metric(R"(adaptive_limit_in_flight{name="logins"})") < many);
    const auto refused = it.log_in_with("0any");
    refusal(refused, 503, "overloaded");
    CHECK(refused.header("retry-after") == "1");
    CHECK(it.ask("GET", "/api/v1/products").status == 200);
    CHECK(it.ask("GET", "/healthz").status == 200);
}
