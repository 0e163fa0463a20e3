// SPDX-License-Identifier: MIT
// labels: integration
#include "support/print.hpp"
#include <weir/core/loop.hpp>
#include <weir/core/loop_local.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/client.hpp>
#include <weir/http/server.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

weir::http::client_options careful() {
    weir::http::client_options options;
    options.deadline = 3s;           // of the whole call, including redirects
    options.connect_timeout = 500ms; // TCP only
    options.max_redirects = 2;
    options.max_body = 64 * 1024;
    return options;
}

weir::task<weir::result<std::string>> greeting(weir::http::client& http, std::string_view base) {
    weir::http::client_request asked(weir::http::method::get, std::string(base) + "/hello");
    asked.headers.add("accept-language", "zh-CN");
    auto res = co_await http.send(std::move(asked));
    if (!res) co_return res.error();
    if (res->status != 200) co_return weir::error(weir::errc::unavailable, "no greeting today");
    co_return std::move(res->body);
}

// A gateway: returns the upstream's response as its own; a failed call becomes 502, 503 or 504.
class catalogue {
    weir::loop_local<weir::http::client> clients_{[](weir::loop& home) {
        return std::make_unique<weir::http::client>(home, careful());
    }};
    std::string base_;

public:
    explicit catalogue(std::string base) : base_(std::move(base)) {}

    // GET /items/{id}
    weir::task<weir::result<weir::http::client_response>> show(weir::path<"id", std::int64_t> id) {
        const weir::executor here = co_await weir::this_task;
        weir::http::client& upstream = clients_.of(here.context().loop());
        const auto address = base_ + "/catalogue/" + std::to_string(*id);
        co_return co_await upstream.get(address);
    }
};

TEST_CASE("the guide's client works as it says") {
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

TEST_CASE("the guide's gateway forwards the response with its own framing") {
    weir::router behind;
    behind.get("/catalogue/{id}", [](weir::path<"id", std::int64_t> id) -> weir::result<weir::response> {
        if (*id != 7) return weir::error(weir::errc::not_found, "no such item");
        auto pieces = [](weir::body_writer& out) -> weir::task<weir::result<void>> {
            co_await out.write("a tea");
            co_return co_await out.write("pot");
        };
        auto made = weir::stream(pieces, {.content_type = "text/plain"}); // sent in chunks
        made.headers.add("x-stock", "3");
        return made;
    });
    weir::server inner(behind, {.address = "127.0.0.1", .port = 0, .loops = 1});
    REQUIRE(inner.start());

    catalogue items("http://127.0.0.1:" + std::to_string(inner.port()));
    weir::router app;
    app.get("/items/{id}", &catalogue::show, items);
    weir::server outer(app, {.address = "127.0.0.1", .port = 0, .loops = 1});
    REQUIRE(outer.start());

    weir::loop loop;
    {
        weir::http::client http(loop, careful());
        const std::string base = "http://127.0.0.1:" + std::to_string(outer.port()) + "/items/";
        const auto found = loop.block_on(http.get(base + "7"));
        REQUIRE(found);
        CHECK(found->status == 200);
        CHECK(found->body == "a teapot");
        CHECK(found->headers.find("content-length") == "8");
        CHECK(found->headers.find("x-stock") == "3");
        CHECK(!found->headers.contains("transfer-encoding"));
        const auto missing = loop.block_on(http.get(base + "8"));
        REQUIRE(missing);
        CHECK(missing->status == 404);
        CHECK(missing->body.find("no such item") != std::string::npos);

        const auto stopped = loop.block_on(inner.stop(loop.clock().now() + 20s));
        REQUIRE(stopped);
        const auto gone = loop.block_on(http.get(base + "7"));
        REQUIRE(gone);
        CHECK(gone->status == 503);
    }
    const auto stopped = loop.block_on(outer.stop(loop.clock().now() + 20s));
    CHECK(stopped);
}
