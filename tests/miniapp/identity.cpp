// SPDX-License-Identifier: MIT
// Tokens without the running program, on a manual clock.
#include "miniapp/identity.hpp"

#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace miniapp;
using namespace std::chrono_literals;

namespace {

constexpr auto leeway = 30s; // jwt_options' default

auth_settings with_grace(std::chrono::seconds grace) {
    return {.jwt_secret = "at-least-32-bytes-of-something-secret", .expires_in = 60, .grace = grace};
}

struct fixture {
    weir::manual_clock time;
    weir::loop home{time};
    weir::database db{":memory:"};
    store rows{db};
    user alice;

    fixture() {
        home.block_on(rows.prepare(false)).value();
        alice.nickname = "alice";
        alice.openid = "o-alice";
        home.block_on(rows.users.insert(alice)).value();
    }

    auto openid_behind(const identity& who, const std::string& token) {
        return home.block_on(who.openid_behind(token));
    }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a token logs its user in until the grace after its expiry has passed") {
    const identity who(rows, with_grace(1h), time);
    const std::string token = who.token_of(alice).value();
    CHECK(openid_behind(who, token).value() == "o-alice");
    time.advance(60s + leeway + 1h - 1s);
    CHECK(openid_behind(who, token).value() == "o-alice");
    time.advance(1s);
    CHECK(openid_behind(who, token).error().code() == "token_expired");
}

TEST_CASE_FIXTURE(fixture, "without a grace an expired token logs no user in") {
    const identity who(rows, with_grace(0s), time);
    const std::string token = who.token_of(alice).value();
    time.advance(60s + leeway);
    CHECK(openid_behind(who, token).error().code() == "token_expired");
}

TEST_CASE_FIXTURE(fixture, "a missing token, a forged token and a token of a deleted user have no openid") {
    const identity who(rows, with_grace(1h), time);
    const std::string token = who.token_of(alice).value();
    CHECK(openid_behind(who, "").error().code() == "unauthenticated");
    CHECK(openid_behind(who, token + "x").error().code() == "invalid_token");
    home.block_on(rows.users.erase(alice.id)).value();
    CHECK(openid_behind(who, token).error() == weir::errc::unauthenticated);
}

TEST_CASE_FIXTURE(fixture, "a user created by an admin has no openid") {
    const identity who(rows, with_grace(1h), time);
    user made;
    made.nickname = "bob";
    home.block_on(rows.users.insert(made)).value();
    CHECK(openid_behind(who, who.token_of(made).value()).error() == weir::errc::unauthenticated);
}
