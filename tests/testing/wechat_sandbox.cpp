// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include <weir/http/url_builder.hpp>
#include <weir/reflect/json.hpp>
#include <weir/testing/fault_proxy.hpp>
#include <weir/testing/wechat_sandbox.hpp>

#include <optional>

using namespace weir;
using namespace weir::http;
using namespace weir::testing;
using namespace std::chrono_literals;

namespace {

struct platform_answer {
    std::optional<int> errcode{};
    std::optional<std::string> errmsg{};
    std::optional<std::string> openid{};
    std::optional<std::string> unionid{};
    std::optional<std::string> session_key{};
};
BOOST_DESCRIBE_STRUCT(platform_answer, (), (errcode, errmsg, openid, unionid, session_key))

struct code_answer {
    std::string code{};
    std::string openid{};
};
BOOST_DESCRIBE_STRUCT(code_answer, (), (code, openid))

// A mini program's backend as far as logins are concerned: weir's client against the sandbox's socket.
struct backend_fixture {
    manual_clock time;
    wechat_sandbox wechat{options()};
    loop home;
    client outgoing{home};

    wechat_sandbox_options options() const {
        wechat_sandbox_options made;
        made.time = &time;
        made.unionid = true;
        return made;
    }

    url_builder url(std::string_view base) const { return url_builder(std::string(base) + "/sns/jscode2session"); }

    std::string login_url(const std::string& code, const std::string& base) const {
        const auto& known = options();
        auto built = url(base);
        built.query("appid", known.appid).query("secret", known.secret);
        return built.query("js_code", code).query("grant_type", "authorization_code").str();
    }

    result<client_response> get(const std::string& code) {
        return home.block_on(outgoing.get(login_url(code, wechat.base_url())));
    }

    platform_answer exchange(const std::string& code) { return read(get(code)); }

    platform_answer ask(const url_builder& built) { return read(home.block_on(outgoing.get(built.str()))); }

    platform_answer read(const result<client_response>& answer) {
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->headers.find("content-type") == "text/plain");
        auto parsed = from_json<platform_answer>(answer->body);
        REQUIRE(parsed);
        return *parsed;
    }
};

} // namespace

TEST_CASE_FIXTURE(backend_fixture, "a login over the socket returns openid, unionid and session key") {
    const auto session = exchange(wechat.login("alice"));
    CHECK(!session.errcode);
    CHECK(session.openid == wechat.state().openid("alice"));
    CHECK(session.unionid == wechat.state().unionid("alice"));
    CHECK(session.session_key.value().size() == 24);
}

TEST_CASE_FIXTURE(backend_fixture, "a code is valid once, for five minutes, and only if it was issued") {
    const auto used = wechat.login("alice");
    CHECK(exchange(used).openid);
    CHECK(exchange(used).errcode == 40163);
    CHECK(exchange("0unknown").errcode == 40029);
    const auto late = wechat.login("alice");
    time.advance(5min);
    CHECK(exchange(late).errcode == 40029);
}

TEST_CASE_FIXTURE(backend_fixture, "missing and wrong parameters have their errcodes") {
    const auto known = options();
    const auto base = wechat.base_url();
    CHECK(ask(url(base)).errcode == 41002);
    CHECK(ask(url(base).query("appid", known.appid)).errcode == 41004);
    CHECK(ask(url(base).query("appid", known.appid).query("secret", known.secret)).errcode == 41008);
    auto complete = url(base);
    complete.query("appid", known.appid).query("secret", known.secret).query("js_code", wechat.login("alice"));
    CHECK(ask(complete).errcode == 40002);
    CHECK(ask(complete.query("grant_type", "authorization_code")).openid);

    auto foreign = url(base);
    foreign.query("appid", "wx1").query("secret", known.secret).query("js_code", "x");
    CHECK(ask(foreign.query("grant_type", "authorization_code")).errcode == 40013);
    auto guessed = url(base);
    guessed.query("appid", known.appid).query("secret", "guess").query("js_code", "x");
    CHECK(ask(guessed.query("grant_type", "authorization_code")).errcode == 40125);
}

TEST_CASE_FIXTURE(backend_fixture, "the control route simulates wx.login() and requires a user") {
    const auto post = [&](const char* body) {
        return home.block_on(outgoing.post(wechat.base_url() + "/sandbox/code", body, "application/json"));
    };
    const auto answer = post(R"({"user":"alice"})");
    REQUIRE(answer);
    CHECK(answer->status == 200);
    const auto given = from_json<code_answer>(answer->body).value();
    CHECK(given.openid == wechat.state().openid("alice"));
    CHECK(exchange(given.code).openid == given.openid);
    CHECK(post(R"({"user":""})")->status == 422);
    CHECK(post("{")->status == 400);
}

TEST_CASE_FIXTURE(backend_fixture, "busy and rate-limit errors come on request and leave the code valid") {
    wechat.fail_next(-1);
    wechat.fail_next(45011);
    const auto code = wechat.login("alice");
    CHECK(exchange(code).errcode == -1);
    CHECK(exchange(code).errcode == 45011);
    CHECK(exchange(code).openid);
}

TEST_CASE_FIXTURE(backend_fixture, "garbage is a gateway's error page") {
    wechat.state().garbage_next();
    const auto answer = get(wechat.login("alice"));
    REQUIRE(answer);
    CHECK(answer->status == 502);
    CHECK(!from_json<platform_answer>(answer->body));
}

TEST_CASE_FIXTURE(backend_fixture, "a platform slower than the caller's timeout is a deadline_exceeded") {
    wechat.state().slow_next(1h);
    client_request request("GET", login_url(wechat.login("alice"), wechat.base_url()));
    request.deadline = 20ms;
    CHECK(home.block_on(outgoing.send(std::move(request))).error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(backend_fixture, "a slow reply is still the reply") {
    wechat.state().slow_next(1ms);
    CHECK(exchange(wechat.login("alice")).openid);
}

TEST_CASE_FIXTURE(backend_fixture, "a fault proxy in front of it cuts off its replies") {
    fault_proxy line(wechat.port());
    line.set(direction::to_client, fault::cut_after(80));
    const auto answer = home.block_on(outgoing.get(login_url(wechat.login("alice"), line.base_url())));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
}
