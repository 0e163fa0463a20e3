// SPDX-License-Identifier: MIT
// The loop's output buffer is shared by its connections: whatever user code does between the rendering of a response
// and its sending, each client reads its own.
#include "core/event.hpp"
#include "integration/http/worker_fixture.hpp"
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

// A request whose end, in various ways, resumes another client's handler.
struct shared_output_fixture : worker_fixture {
    static inline detail::event* held = nullptr;

    detail::event gate;

    shared_output_fixture() : worker_fixture(add_routes) { held = &gate; }

    static void add_routes(router& routes) {
        middleware waking;
        waking.done = [](const request& req, const response&, const http::exchange_summary&) {
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
            detail::event until_cancelled;
            co_await until_cancelled.wait();
            held->wake();
            co_return "late";
        });
        routes.post("/slow", [](request& req) { return std::string(req.body()); });
    }

    // Returns what the clients of both requests read. Time passes once both are in their handlers.
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

TEST_CASE_FIXTURE(shared_output_fixture, "a layer's done may resume another client's handler") {
    check("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", 200, "alice's", 0s);
    check("GET /later HTTP/1.1\r\nHost: a\r\n\r\n", 200, "alice's", 2s);
    check("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", 0s);
}

TEST_CASE_FIXTURE(shared_output_fixture, "a handler that is cancelled when its time is up may do so too") {
    check("GET /late HTTP/1.1\r\nHost: a\r\n\r\n", 504, "deadline_exceeded", 31s);
}

TEST_CASE_FIXTURE(shared_output_fixture, "the end of a refused request may do so too") {
    check("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", 408, "too long", 31s);
}
