// SPDX-License-Identifier: MIT
// labels: integration
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>
#include <weir/http/server.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

weir::http::client_options careful() {
    weir::http::client_options options;
    options.deadline = 3s;           // the whole call, redirects included
    options.connect_timeout = 500ms; // TCP alone
    options.max_redirects = 2;
    options.max_body = 64 * 1024;
    return options;
}

weir::task<weir::result<std::string>> greeting(weir::http::client& http, std::string_view base) {
    weir::http::client_request asked("GET", std::string(base) + "/hello");
    asked.headers.add("accept-language", "zh-CN");
    auto res = co_await http.send(std::move(asked));
    if (!res) co_return res.error();
    if (res->status != 200) co_return weir::error(weir::errc::unavailable, "no greeting today");
    co_return std::move(res->body);
}

TEST_CASE("the guide's client calls as it says") {
    weir::router app;
    app.get("/hello", [](weir::header<"accept-language"> language) { return "hello in " + std::string(*language); });
    weir::server server(app, {.address = "127.0.0.1", .port = 0, .loops = 1});
    REQUIRE(server.start());
    weir::loop loop;
    {
        weir::http::client http(loop, careful());
        const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
        const auto heard = loop.block_on(greeting(http, base));
        REQUIRE(heard);
        CHECK(*heard == "hello in zh-CN");
    }
    const auto stopped = loop.block_on(server.stop(loop.clock().now() + 5s));
    CHECK(stopped);
}
