// SPDX-License-Identifier: MIT
// The loop's output buffer is shared by its connections: whatever user code does between the rendering of an answer
// and its sending, each client reads its own.
#include "http/wait_point.hpp"
#include "http_server/worker_fixture.hpp"
#include "support/socket_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

// One request whose end, in various ways, makes the handler of another client's go on.
struct shared_output_fixture : worker_fixture {
    static inline http::detail::wait_point* held = nullptr;

    http::detail::wait_point gate;

    shared_output_fixture() : worker_fixture(add_routes) { held = &gate; }

    static void add_routes(router& routes) {
        middleware waking;
        waking.done = [](const request& req, const response&, const http::exchange&) {
            if (req.path() != "/held") held->wake();
        };
        routes.use(waking);
        routes.route("/held", [](router& inside) {
            inside.timeout(1h).get("/", []() -> task<std::string> {
                co_await held->wait();
                co_return "bob's";
            });
        });
        routes.get("/plain", [] { return "alice's"; });
        routes.get("/later", []() -> task<std::string> {
            (void)co_await sleep_for(1s);
            co_return "alice's";
        });
        routes.get("/late", []() -> task<std::string> {
            http::detail::wait_point until_cancelled;
            co_await until_cancelled.wait();
            held->wake();
            co_return "late";
        });
        routes.post("/slow", [](request& req) { return std::string(req.body()); });
    }

    // What the clients of both requests read. Time passes once both are with their handlers.
    void check(std::string_view request, int status, std::string_view body, duration passes) {
        socket_client alice(port), bob(port);
        bob.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
        REQUIRE(until([this] { return static_cast<bool>(gate); }));
        alice.send(request);
        alice.await_delivery();
        for (int i = 0; i < 10; ++i) serving->loop().poll();
        pass(passes);
        const auto [hers, his] = meanwhile([&] { return std::pair(alice.receive(), bob.receive()); });
        CHECK(hers.status == status);
        CHECK(hers.body.find(body) != std::string::npos);
        CHECK(hers.body.find("bob's") == std::string::npos);
        CHECK(his.status == 200);
        CHECK(his.body == "bob's");
    }
};

} // namespace

TEST_CASE_FIXTURE(shared_output_fixture, "a layer's done may make another client's handler go on") {
    check("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", 200, "alice's", 0s);
    check("GET /later HTTP/1.1\r\nHost: a\r\n\r\n", 200, "alice's", 2s);
    check("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", 0s);
}

TEST_CASE_FIXTURE(shared_output_fixture, "so may a handler that is cancelled when its time is up") {
    check("GET /late HTTP/1.1\r\nHost: a\r\n\r\n", 504, "deadline_exceeded", 31s);
}

TEST_CASE_FIXTURE(shared_output_fixture, "so may the end of a request that was refused") {
    check("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", 408, "too long", 31s);
}
