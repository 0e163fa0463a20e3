// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/cookie.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/form.hpp>
#include <weir/http/router.hpp>
#include <weir/http/static_files.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

struct sign_in {
    std::string name{};
    bool remember{};
};
BOOST_DESCRIBE_STRUCT(sign_in, (), (name, remember))

template<>
inline constexpr auto weir::schema<sign_in> = weir::object().field(&sign_in::name, weir::not_empty);

void add_forms(weir::router& app) {
    app.post("/sign-in", [](weir::http::form<sign_in> in) -> weir::result<weir::response> {
        weir::response res(204);
        weir::http::set_cookie session{.name = "__Host-session", .value = "s3cret"};
        if (in->remember) session.max_age = 720h;
        if (auto added = weir::http::add_cookie(res, session); !added) return added.error();
        return res;
    });
}

// Reads at the client's speed and holds one piece at a time.
weir::task<weir::result<std::string>> count(weir::body_reader in) {
    std::size_t size = 0;
    for (;;) {
        const auto piece = co_await in.read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return std::to_string(size) + " bytes\n";
        size += piece->size();
    }
}

// Writes at the client's speed.
weir::task<weir::result<void>> numbers(weir::body_writer& out) {
    for (int i = 0; i < 1000; ++i)
        if (auto sent = co_await out.write(std::to_string(i) + "\n"); !sent) co_return sent;
    co_return weir::ok();
}

weir::task<weir::result<void>> ticks(weir::http::event_writer& events) {
    for (;;) {
        if (auto sent = co_await events.send("tick"); !sent) co_return sent;
        if (auto slept = co_await weir::sleep_for(1s); !slept) co_return slept;
    }
}

void add_streams(weir::router& app) {
    app.route("/uploads", [](weir::router& uploads) {
        uploads.max_body(std::size_t{1} << 30).timeout(60s);
        uploads.post("/", count);
    });
    app.get("/numbers.txt", [] { return weir::stream(numbers, {.content_type = "text/plain"}); });
    app.get("/ticks", [] { return weir::http::event_stream(ticks); });
}

void add_files(weir::router& app, const std::string& folder) {
    weir::static_files assets(folder, {.cache_control = "public, max-age=3600"});
    app.route("/assets", assets);
}

TEST_CASE("the guide's forms respond as it says") {
    weir::router app;
    add_forms(app);
    weir::test_client client(app);
    const auto res = client.send(
        weir::http::method::post, "/sign-in", "name=Li+Wei&remember=on", "application/x-www-form-urlencoded");
    CHECK(res.status == 204);
    CHECK(res.header("set-cookie").starts_with("__Host-session=s3cret"));
    CHECK(res.header("set-cookie").find("HttpOnly") != std::string::npos);
    CHECK(client.send(weir::http::method::post, "/sign-in", "name=", "application/x-www-form-urlencoded").status ==
          422);
}

TEST_CASE("the guide's streams respond as it says") {
    weir::manual_clock time;
    weir::router app;
    add_streams(app);
    weir::test_client client(app, {.clock = &time});
    CHECK(client.send(weir::http::method::post, "/uploads", std::string(3000, 'x'), "text/plain").body ==
          "3000 bytes\n");
    CHECK(client.get("/numbers.txt").body.ends_with("\n999\n"));
    client.write("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
    client.poll();
    time.advance(1s);
    client.poll();
    const auto events = client.output();
    CHECK(events.find("data: tick\n\n") != events.rfind("data: tick\n\n"));
}

TEST_CASE("the guide's files are served as it says") {
    const test_support::temporary_folder folder;
    folder.put("app.js", "run();");
    weir::router app;
    add_files(app, folder.path());
    weir::test_client client(app);
    const auto res = client.get("/assets/app.js");
    CHECK(res.body == "run();");
    CHECK(res.header("cache-control") == "public, max-age=3600");
}
