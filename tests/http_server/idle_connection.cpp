// SPDX-License-Identifier: MIT
// What an idle connection keeps, seen from inside: one worker on a clock that the test moves.
#include "http/connection.hpp"
#include "support/socket_client.hpp"
#include <weir/http/router.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using http::detail::worker;
using test_support::socket_client;

namespace {

struct worker_fixture {
    manual_clock time;
    router routes;
    server_options options;
    http::detail::server_counters counters;
    std::unique_ptr<worker> serving;
    std::uint16_t port = 0;
    int served = 0;

    worker_fixture() {
        routes.post("/echo", [this](request& req) {
            ++served;
            return std::string(req.body());
        });
        options.address = "127.0.0.1";
        serving = std::make_unique<worker>(routes.table(), options, counters, time);
        serving->listen(port, true).value();
        serving->accept();
    }
    ~worker_fixture() {
        serving->cut();
        serving->loop().poll();
    }

    // Serves until it is so; the kernel hands bytes over in its own time.
    bool until(const std::function<bool()>& holds) {
        const auto late = std::chrono::steady_clock::now() + 20s;
        while (!holds() && std::chrono::steady_clock::now() < late) serving->loop().poll();
        return holds();
    }
    bool lent(std::size_t count) {
        return until([&] { return serving->lent_buffers() == count; });
    }
    std::string answer(socket_client& client, std::string_view bytes) {
        client.send(bytes);
        REQUIRE(until([this, next = served + 1] { return served == next; }));
        return client.receive().body;
    }

    // Moves the clock by one sweep of the loop at a time.
    void pass(duration much) {
        for (duration passed{}; passed < much; passed += 250ms) {
            time.advance(250ms);
            serving->loop().poll();
        }
    }
};

constexpr std::string_view echo_hi = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

} // namespace

TEST_CASE_FIXTURE(worker_fixture, "after a quiet second a kept-alive connection owns no buffer, and serves on") {
    std::vector<socket_client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(port);
        CHECK(answer(clients.back(), echo_hi) == "hi");
    }
    CHECK(lent(3));
    pass(500ms);
    CHECK(answer(clients[0], echo_hi) == "hi");
    pass(750ms); // the second and the third have been quiet for longer than a second
    CHECK(lent(1));
    pass(500ms);
    CHECK(lent(0));
    CHECK(counters.open == 3);
    CHECK(answer(clients[1], echo_hi) == "hi");
    CHECK(serving->lent_buffers() == 1);
}

TEST_CASE_FIXTURE(worker_fixture, "a connection that has never sent a byte gives its buffer back too") {
    socket_client silent(port);
    REQUIRE(until([&] { return counters.open == 1; }));
    pass(1250ms);
    CHECK(lent(0));
    CHECK(answer(silent, echo_hi) == "hi");
}

TEST_CASE_FIXTURE(worker_fixture, "so does one that is silent in the middle of a request, which it then completes") {
    socket_client slow(port);
    slow.send(echo_hi.substr(0, 40));
    REQUIRE(lent(1));
    pass(1250ms);
    CHECK(lent(0));
    CHECK(answer(slow, echo_hi.substr(40)) == "hi");
}
