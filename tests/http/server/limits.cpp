// SPDX-License-Identifier: MIT
// Non-default limits.
#include "support/loopback.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct note {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(note, (), (text))

std::string nested(int depth) { // within an object
    if (depth == 1) return R"({"text":"a","more":0})";
    return "{\"text\":\"a\",\"more\":" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
}

struct depth_fixture {
    router app;

    depth_fixture() {
        app.post("/plain", [](body<note> in) { return in->text; });
        app.post("/later", [](body<note> in) -> task<std::string> { co_return in->text; });
        app.route("/deep", [](router& deep) {
            deep.json_depth(100);
            deep.post("/plain", [](body<note> in) { return in->text; });
            deep.post("/later", [](body<note> in) -> task<std::string> { co_return in->text; });
        });
        app.route("/flat", [](router& flat) { flat.json_depth(1).post("/", [](body<note> in) { return in->text; }); });
    }

    void holds(test_client& client, const char* path, int most) {
        CAPTURE(path);
        const auto fits = client.post(path, nested(most));
        CHECK(fits.status == 200);
        CHECK(fits.body == "a");
        const auto beyond = client.post(path, nested(most + 1));
        CHECK(beyond.status == 400);
        CHECK(beyond.body.find(R"("rule":"depth")") != std::string::npos);
    }
};

http::limits with_fields(std::uint32_t fields) {
    http::limits given;
    given.fields = fields;
    return given;
}

} // namespace

TEST_CASE_FIXTURE(depth_fixture, "JSON may be as deep as the route says, or else the server, otherwise 400") {
    http::limits given;
    given.json_depth = 3;
    test_client client(app, {.limits = given});
    holds(client, "/plain", 3);
    holds(client, "/later", 3);
    holds(client, "/deep/plain", 100);
    holds(client, "/deep/later", 100);
    holds(client, "/plain", 3);
}

TEST_CASE_FIXTURE(depth_fixture, "JSON may be 64 deep by default") {
    test_client client(app);
    holds(client, "/plain", 64);
    holds(client, "/later", 64);
    holds(client, "/flat", 1);
}

TEST_CASE("a length near the largest number is a 413 even if bodies have no limit") {
    http::limits unlimited;
    unlimited.body = std::numeric_limits<std::size_t>::max();
    router app;
    app.post("/plain", [](request& req) { return std::string(req.body()); });
    app.post("/later", [](request& req) -> task<std::string> { co_return std::string(req.body()); });
    app.post("/stream", [](http::body_reader) -> task<void> { co_return; });
    for (const std::string path : {"/plain", "/later", "/stream"})
        for (const std::string length : {"18446744073709551615", "18446744073709551550", "9223372036854775808"}) {
            CAPTURE(path);
            CAPTURE(length);
            test_client client(app, {.limits = unlimited});
            client.write("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\nbody");
            CHECK(client.receive().status == 413);
            CHECK(client.closed());
        }
}

TEST_CASE("a head may have as many fields as configured") {
    router app;
    app.get("/", [] { return "in"; });
    test_client client(app, {.limits = with_fields(2)});
    client.header("a", "b");
    CHECK(client.get("/").status == 200); // in addition to Host
    client.header("c", "d");
    CHECK(client.get("/").status == 431);
}

TEST_CASE("a number of fields that no head has room for fails the start, with the accepted values") {
    const router app;
    for (const std::uint32_t fields : {0U, 101U, 4000000000U}) {
        const std::string told = "limits.fields = " + std::to_string(fields) + ": accepted 1..100";
        auto options = test_support::loopback();
        options.limits = with_fields(fields);
        server refusing(app, options);
        const auto started = refusing.start();
        REQUIRE(!started);
        CHECK(started.error() == errc::invalid_argument);
        CHECK(started.error().message() == told);
        CHECK_THROWS_WITH_AS(test_client(app, {.limits = with_fields(fields)}), ("weir: test_client: " + told).c_str(),
                             std::invalid_argument);
    }
    auto most = test_support::loopback();
    most.limits = with_fields(100);
    server serving(app, most);
    CHECK(serving.start());
}

TEST_CASE("a limit under which nothing could be served fails the start, by name") {
    using change = void (*)(http::limits&);
    const std::pair<std::string, change> wrong[] = {
        {"limits.output = 0: accepted 1 or more", [](http::limits& of) { of.output = 0; }},
        {"limits.pipelined = 0: accepted 1 or more", [](http::limits& of) { of.pipelined = 0; }},
        {"limits.head = 0: accepted 1 or more", [](http::limits& of) { of.head = 0; }},
        {"limits.request_line = 0: accepted 1 or more", [](http::limits& of) { of.request_line = 0; }},
        {"limits.json_depth = 0: accepted 1 or more", [](http::limits& of) { of.json_depth = 0; }},
        {"limits.idle_time = 0 ns: accepted more than 0, duration::max() for no limit",
         [](http::limits& of) { of.idle_time = 0s; }},
        {"limits.write_time = -1000000000 ns: accepted more than 0, duration::max() for no limit",
         [](http::limits& of) { of.write_time = -1s; }},
    };
    const router app;
    for (const auto& [said, change] : wrong) {
        auto options = test_support::loopback();
        change(options.limits);
        server refusing(app, options);
        const auto started = refusing.start();
        REQUIRE(!started);
        CHECK(started.error() == errc::invalid_argument);
        CHECK(started.error().message() == said);
    }
    auto none = test_support::loopback();
    none.connections = 0;
    server refusing(app, none);
    CHECK(refusing.start().error().message() == "server_options.connections = 0: accepted 1 or more");
}

TEST_CASE("duration::max() means no limit for every wait") {
    constexpr duration none = duration::max();
    manual_clock time;
    router app;
    app.get("/", [] { return "in"; });
    app.get("/later", []() -> task<std::string> {
        (void)co_await sleep_for(24h);
        co_return "later";
    });
    app.post("/read", [](body_reader in) -> task<result<std::string>> { co_return co_await in.read_all(1000); });
    http::limits limits;
    limits.head_time = limits.body_time = limits.handler_time = limits.write_time = limits.idle_time = none;
    limits.drain_grace = none;
    test_client client(app, {.limits = limits, .clock = &time});
    const auto pass_a_day = [&] {
        time.advance(24h);
        client.poll();
        CHECK(!client.closed());
    };
    CHECK(client.get("/").body == "in");
    pass_a_day();
    client.write("GET / HTTP/1.1\r\nHo");
    pass_a_day();
    client.write("st: a\r\n\r\nPOST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    CHECK(client.receive().body == "in");
    pass_a_day();
    client.write("hiGET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.receive().body == "hi");
    client.poll();
    pass_a_day();
    CHECK(client.receive().body == "later");
}
