// SPDX-License-Identifier: MIT
#include "support/until_cancelled.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/middleware/shed.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace weir;

namespace {

struct shed_fixture {
    manual_clock time;
    adaptive_limit limit{on(time)};
    http::router app;

    static adaptive_limit_options on(const manual_clock& clock) {
        adaptive_limit_options options;
        options.time = &clock;
        options.retry_after = 7s;
        return options;
    }

    test_client connect() { return test_client(app, {.clock = &time}); }
    std::uint64_t admitted(traffic kind = traffic::normal) const { return limit.stats().of(kind).admitted; }
    std::uint64_t refused(traffic kind = traffic::normal) const { return limit.stats().of(kind).refused; }
};

constexpr std::string_view refusal_text =
    R"({"code":"overloaded","message":"the service is overloaded, try again later","details":[]})";

} // namespace

TEST_CASE_FIXTURE(shed_fixture, "a request over the limit is answered with 503 and Retry-After") {
    app.use(shed(limit)).get("/", [] { return "done"; });
    auto client = connect();
    CHECK(client.get("/").body == "done");
    limit.set_limit(1);
    const auto taken = limit.try_acquire(traffic::critical);
    const auto refused = client.get("/");
    CHECK(refused.status == 503);
    CHECK(refused.header("retry-after") == "7");
    CHECK(refused.body == refusal_text);
    CHECK(!refused.closes);
    CHECK(this->refused() == 1);
    CHECK(limit.stats().in_flight == 1);
}

TEST_CASE_FIXTURE(shed_fixture, "critical routes are always served, and not counted") {
    app.use(shed(limit));
    app.route("/checks", [](http::router& checks) { checks.critical().get("/health", [] { return "ok"; }); });
    limit.set_limit(1);
    const auto taken = limit.try_acquire(traffic::critical);
    auto client = connect();
    for (int i = 0; i < 10; ++i) CHECK(client.get("/checks/health").status == 200);
    CHECK(admitted(traffic::critical) == 1);
}

TEST_CASE_FIXTURE(shed_fixture, "a request's class is its router's, or a function's result") {
    app.route("/reports", [this](http::router& reports) {
        reports.use(shed(limit, traffic::batch)).get("/", [] { return "pages"; });
    });
    const auto classify = [](const request& req) {
        return req.header("x-payment").empty() ? traffic::normal : traffic::critical;
    };
    app.route("/shop", [&](http::router& shop) {
        shop.use(shed(limit, {.classify = classify})).get("/", [] { return "things"; });
    });
    auto client = connect();
    CHECK(client.get("/reports").status == 200);
    CHECK(admitted(traffic::batch) == 1);
    CHECK(client.get("/shop").status == 200);
    CHECK(admitted(traffic::normal) == 1);
    CHECK(client.header("x-payment", "1").get("/shop").status == 200);
    CHECK(admitted(traffic::critical) == 1);
}

TEST_CASE_FIXTURE(shed_fixture, "a classifier that throws is a 500, and holds nothing") {
    const auto classify = [](const request&) -> traffic { throw std::runtime_error("no idea"); };
    app.use(shed(limit, {.classify = classify})).get("/", [] { return "done"; });
    CHECK(connect().get("/").status == 500);
    CHECK(limit.stats().in_flight == 0);
    CHECK(admitted() == 0);
}

TEST_CASE_FIXTURE(shed_fixture, "a request holds its permit while its handler runs, plain or waiting") {
    std::size_t running = 0;
    app.use(shed(limit));
    app.get("/plain", [&] { running = limit.stats().in_flight; });
    app.get("/waits", []() -> task<void> { co_await sleep_for(5s); });
    auto client = connect();
    CHECK(client.get("/plain").status == 204);
    CHECK(running == 1);
    CHECK(limit.stats().in_flight == 0);
    client.write("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n");
    client.poll();
    CHECK(limit.stats().in_flight == 1);
    time.advance(6s);
    client.poll();
    CHECK(client.receive().status == 204);
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(shed_fixture, "a permit ends with a handler that throws, is late, or loses its client") {
    app.use(shed(limit));
    app.get("/throws", [] { throw std::runtime_error("no"); });
    app.get("/waits", []() -> task<void> { co_await test_support::until_cancelled(); });
    auto client = connect();
    CHECK(client.get("/throws").status == 500);
    CHECK(limit.stats().in_flight == 0);
    client.write("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n");
    client.poll();
    CHECK(limit.stats().in_flight == 1);
    time.advance(31s);
    client.poll();
    CHECK(client.receive().status == 504);
    CHECK(limit.stats().in_flight == 0);
    auto other = connect();
    other.write("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n");
    other.poll();
    CHECK(limit.stats().in_flight == 1);
    other.reset();
    other.poll();
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(shed_fixture, "a client that is destroyed in the middle of a request leaves no permit behind") {
    app.use(shed(limit)).get("/waits", []() -> task<void> { co_await test_support::until_cancelled(); });
    {
        auto client = connect();
        client.write("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n");
        client.poll();
        CHECK(limit.stats().in_flight == 1);
    }
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(shed_fixture, "only responses that took the service's own time count as latency") {
    app.use(shed(limit));
    app.get("/missing", [this]() -> result<void> {
        time.advance(1ms);
        return errc::not_found;
    });
    app.get("/streams", [this] {
        time.advance(1ms);
        return http::stream([](http::body_writer& out) -> task<result<void>> { co_return co_await out.write("x"); });
    });
    app.post("/reads", [](http::body_reader in) -> task<std::string> {
        auto body = co_await in.read_all(100);
        co_return std::move(body).value();
    });
    app.get("/works", [this] { time.advance(20ms); });
    auto client = connect();
    for (int i = 0; i < 100; ++i) CHECK(client.get("/missing").status == 404);
    for (int i = 0; i < 20; ++i) CHECK(client.get("/streams").body == "x");
    for (int i = 0; i < 20; ++i) CHECK(client.post("/reads", "what came").body == "what came");
    time.advance(2s);
    CHECK(client.get("/missing").status == 404);
    CHECK(limit.stats().min_latency == 0ns);
    for (int i = 0; i < 20; ++i) client.get("/works");
    CHECK(limit.stats().min_latency == 20ms);
}

TEST_CASE_FIXTURE(shed_fixture, "requests that are ready in one turn of the loop wait for those before them") {
    app.use(shed(limit));
    app.get("/", [this] { time.advance(2ms); });
    auto client = connect();
    for (int i = 0; i < 60; ++i) CHECK(client.get("/").status == 204);
    REQUIRE(limit.stats().min_latency == 2ms);
    limit.set_limit(5); // 4.5 for normal requests
    std::string all;
    for (int i = 0; i < 10; ++i) all += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    client.poll(); // a new turn
    client.write(all);
    int done = 0;
    for (int i = 0; i < 10; ++i) done += client.receive().status == 204 ? 1 : 0;
    CHECK(done == 4);
    CHECK(client.get("/").status == 204); // in another turn
}

TEST_CASE_FIXTURE(shed_fixture, "a request under two layers of one limit takes one permit, of two limits one of each") {
    adaptive_limit other(on(time));
    std::size_t first = 0;
    std::size_t second = 0;
    app.use(shed(limit)).use(shed(other)).use(shed(limit, traffic::batch));
    app.get("/", [&] {
        first = limit.stats().in_flight;
        second = other.stats().in_flight;
    });
    auto client = connect();
    CHECK(client.get("/").status == 204);
    CHECK(first == 1);
    CHECK(second == 1);
    CHECK(admitted(traffic::batch) == 0);
    CHECK(limit.stats().in_flight == 0);
    CHECK(other.stats().in_flight == 0);
    other.set_limit(1);
    const auto taken = other.try_acquire(traffic::critical);
    CHECK(client.get("/").status == 503);
    CHECK(limit.stats().in_flight == 0);
}

TEST_CASE_FIXTURE(shed_fixture, "unknown paths are shed as well, and malformed requests hold nothing") {
    app.use(shed(limit)).get("/", [] { return "done"; });
    auto client = connect();
    CHECK(client.get("/nowhere").status == 404);
    CHECK(admitted() == 1);
    client.write("nonsense\r\n\r\n");
    CHECK(client.receive().status == 400);
    CHECK(limit.stats().in_flight == 0);
}
