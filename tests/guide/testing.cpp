// SPDX-License-Identifier: MIT
// labels: integration
#include <weir/http/client.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/url_builder.hpp>
#include <weir/testing/fault_proxy.hpp>
#include <weir/testing/test_client.hpp>
#include <weir/testing/wechat_sandbox.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

TEST_CASE("a handler's sleep ends when the test says so") {
    weir::router app;
    app.get("/slow", []() -> weir::task<weir::result<std::string>> {
        if (auto slept = co_await weir::sleep_for(10s); !slept) co_return slept.error();
        co_return "done";
    });
    weir::manual_clock time;
    weir::test_client client(app, {.clock = &time});
    client.write("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
    client.poll();
    CHECK(client.output().empty());
    time.advance(10s);
    CHECK(client.receive().body == "done");

    weir::http::limits strict;
    strict.handler_time = 5s;
    weir::test_client hurried(app, {.limits = strict, .clock = &time});
    CHECK(hurried.get("/slow").status == 504); // at once: the sleep would end after the deadline
}

TEST_CASE("a client survives a connection that is cut in the middle of an answer") {
    weir::router app;
    app.get("/", [] { return std::string(1000, 'x'); });
    weir::server server(app, {.address = "127.0.0.1", .port = 0, .loops = 1});
    REQUIRE(server.start());
    weir::testing::fault_proxy line(server.port());
    weir::loop home;
    weir::http::client http(home);

    line.set(weir::testing::direction::to_client, weir::testing::fault::cut_after(80));
    const auto cut = home.block_on(http.get(line.base_url() + "/"));
    REQUIRE(!cut);
    CHECK(cut.error() == weir::errc::unavailable);
    line.heal();
    const auto whole = home.block_on(http.get(line.base_url() + "/"));
    REQUIRE(whole);
    CHECK(whole->body.size() == 1000);
}

TEST_CASE("a code of WeChat's sandbox becomes an openid, once") {
    weir::testing::wechat_sandbox wechat;
    const std::string code = wechat.login("alice"); // what wx.login() gives the mini-program
    weir::http::url_builder url(wechat.base_url() + "/sns/jscode2session");
    url.query("appid", wechat.state().options().appid).query("secret", wechat.state().options().secret);
    url.query("js_code", code).query("grant_type", "authorization_code");

    weir::loop home;
    weir::http::client http(home);
    const auto first = home.block_on(http.get(url.str()));
    REQUIRE(first);
    CHECK(first->body.find(wechat.state().openid("alice")) != std::string::npos);
    const auto second = home.block_on(http.get(url.str()));
    REQUIRE(second);
    CHECK(second->body.find("40163") != std::string::npos); // the code was used
}
