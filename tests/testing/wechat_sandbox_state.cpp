// SPDX-License-Identifier: MIT
#include "support/print.hpp"
#include <weir/reflect/json.hpp>
#include <weir/security/crypto.hpp>
#include <weir/testing/wechat_sandbox_state.hpp>

#include <optional>
#include <set>

using namespace weir;
using namespace weir::testing;
using namespace std::chrono_literals;

namespace {

struct session_reply {
    std::optional<int> errcode{};
    std::optional<std::string> errmsg{};
    std::optional<std::string> openid{};
    std::optional<std::string> unionid{};
    std::optional<std::string> session_key{};
};
BOOST_DESCRIBE_STRUCT(session_reply, (), (errcode, errmsg, openid, unionid, session_key))

struct platform_fixture {
    manual_clock time;
    wechat_sandbox_state platform{options()};

    wechat_sandbox_options options() const {
        wechat_sandbox_options made;
        made.time = &time;
        return made;
    }

    wechat_code2session request(std::string code) const {
        return {platform.options().appid, platform.options().secret, std::move(code), "authorization_code"};
    }

    session_reply ask(const wechat_code2session& asked) {
        const auto reply = platform.code2session(asked);
        CHECK(reply.status == 200);
        auto parsed = from_json<session_reply>(reply.body);
        REQUIRE(parsed);
        return *parsed;
    }
};

} // namespace

TEST_CASE_FIXTURE(platform_fixture, "a code becomes a session with an openid and a key of 16 bytes, and no errcode") {
    const auto reply = platform.code2session(request(platform.login("alice")));
    CHECK(reply.content_type == "text/plain");
    CHECK(reply.body.find("errcode") == std::string::npos);
    CHECK(reply.body.find("unionid") == std::string::npos);
    const auto session = from_json<session_reply>(reply.body).value();
    CHECK(session.openid == platform.openid("alice"));
    CHECK(session.openid->size() == 28);
    CHECK(security::base64_decode(session.session_key.value()).value().size() == 16);
}

TEST_CASE_FIXTURE(platform_fixture, "a user keeps the openid, and every login returns another code and key") {
    std::set<std::string> codes;
    std::set<std::string> keys;
    for (int i = 0; i < 3; ++i) {
        const auto code = platform.login("alice");
        CHECK(code.size() == 32);
        codes.insert(code);
        const auto session = ask(request(code));
        CHECK(session.openid == platform.openid("alice"));
        keys.insert(session.session_key.value());
    }
    CHECK(codes.size() == 3);
    CHECK(keys.size() == 3);
    CHECK(platform.openid("bob") != platform.openid("alice"));
}

TEST_CASE_FIXTURE(platform_fixture, "another app sees the same user with another openid and the same unionid") {
    auto other = options();
    other.appid = "wx0123456789abcdef";
    other.unionid = true;
    wechat_sandbox_state elsewhere(other);
    CHECK(elsewhere.openid("alice") != platform.openid("alice"));
    CHECK(elsewhere.unionid("alice") == platform.unionid("alice"));
    const auto reply =
        elsewhere.code2session({other.appid, other.secret, elsewhere.login("alice"), "authorization_code"});
    CHECK(from_json<session_reply>(reply.body).value().unionid == platform.unionid("alice"));
}

TEST_CASE_FIXTURE(platform_fixture, "a code works once") {
    const auto code = platform.login("alice");
    CHECK(ask(request(code)).openid);
    CHECK(ask(request(code)).errcode == 40163);
    CHECK(ask(request(code)).errcode == 40163);
}

TEST_CASE_FIXTURE(platform_fixture, "a code expires after five minutes, to the second") {
    const auto first = platform.login("alice");
    const auto second = platform.login("alice");
    time.advance(5min - 1s);
    CHECK(ask(request(first)).openid);
    time.advance(1s);
    CHECK(ask(request(second)).errcode == 40029);
    platform.login("bob"); // removes expired codes
    CHECK(ask(request(first)).errcode == 40029);
}

TEST_CASE_FIXTURE(platform_fixture, "each wrong or missing parameter has its errcode and leaves the code unused") {
    const auto code = platform.login("alice");
    const auto refused = [&](auto change) {
        auto asked = request(code);
        change(asked);
        return ask(asked).errcode.value_or(0);
    };
    CHECK(refused([](auto& asked) { asked.appid.clear(); }) == 41002);
    CHECK(refused([](auto& asked) { asked.secret.clear(); }) == 41004);
    CHECK(refused([](auto& asked) { asked.js_code.clear(); }) == 41008);
    CHECK(refused([](auto& asked) { asked.grant_type.clear(); }) == 40002);
    CHECK(refused([](auto& asked) { asked.grant_type = "client_credential"; }) == 40002);
    CHECK(refused([](auto& asked) { asked.appid = "wx1"; }) == 40013);
    CHECK(refused([](auto& asked) { asked.secret = "guess"; }) == 40125);
    CHECK(refused([](auto& asked) { asked.js_code = "0never"; }) == 40029);
    CHECK(refused([](auto&) {}) == 0);
    const auto seen = platform.stats();
    CHECK(seen.logins == 1);
    CHECK(seen.calls == 9);
    CHECK(seen.exchanged == 1);
}

TEST_CASE_FIXTURE(platform_fixture, "messages contain a request id, so that clients can't compare them") {
    const auto first = ask(request("x")).errmsg.value();
    const auto second = ask(request("x")).errmsg.value();
    CHECK(first.find("invalid code, rid: ") == 0);
    CHECK(first != second);
}

TEST_CASE_FIXTURE(platform_fixture, "injected errors come in order and leave the code for the next call") {
    platform.fail_next(-1);
    platform.fail_next(45011, 2);
    const auto code = platform.login("alice");
    CHECK(ask(request(code)).errcode == -1);
    CHECK(ask(request(code)).errcode == 45011);
    CHECK(ask(request(code)).errcode == 45011);
    CHECK(ask(request(code)).openid);
}

TEST_CASE_FIXTURE(platform_fixture, "a slow reply is the correct one, later; garbage is a page that isn't JSON") {
    platform.slow_next(3s);
    platform.garbage_next(2);
    const auto code = platform.login("alice");
    const auto late = platform.code2session(request(code));
    CHECK(late.after == 3s);
    CHECK(late.body.find("openid") != std::string::npos);
    const auto page = platform.code2session(request(code));
    CHECK(page.status == 502);
    CHECK(page.content_type == "text/html");
    CHECK(!from_json<session_reply>(page.body));
    CHECK(platform.code2session(request(code)).status == 502);
}
