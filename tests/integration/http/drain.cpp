// SPDX-License-Identifier: MIT
// A drain, or an abort, during which connections end: the end of one connection must not disturb the iteration over the
// others.
#include "integration/http/echo_handler.hpp"
#include "integration/http/worker_fixture.hpp"
#include "support/socket_client.hpp"
#include "support/websocket_frames.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

constexpr std::size_t peers = 4;

// Throws when it is cancelled, like a careless source.
task<result<void>> careless(event_writer& events) {
    for (;;) {
        const auto sent = co_await events.send("tick");
        sent.value();
        const auto slept = co_await sleep_for(1h);
        slept.value();
    }
}

struct drain_fixture : worker_fixture {
    std::vector<socket_client> clients;
    bool gone = false;

    drain_fixture()
        : worker_fixture([](router& routes) {
              routes.get("/events", [] { return event_stream(careless, {.heartbeat = 0s}); });
              routes.get("/echo", [](websocket_upgrade upgrade) { return upgrade.accept(test_support::echo); });
          }) {}

    // As many peers as there are, each of which has read the start of its response.
    void connect(const std::string& request, const std::string& first) {
        for (std::size_t i = 0; i < peers; ++i)
            clients.push_back(meanwhile([&] {
                socket_client made(port);
                made.send(request);
                made.until(first);
                return made;
            }));
        REQUIRE(counters.open == peers);
    }
    void drain() {
        serving->drain([&] { gone = true; });
    }
};

} // namespace

TEST_CASE_FIXTURE(drain_fixture, "WebSockets whose peers have reset end while a drain closes them") {
    connect(test_support::handshake("/echo"), "\r\n\r\n");
    for (auto& one : clients) one.reset();
    drain(); // finds the resets as it writes; the loop hasn't read them yet
    CHECK(until([&] { return gone; }));
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(drain_fixture, "event streams whose sources throw end while a drain cancels them") {
    connect("GET /events HTTP/1.1\r\nHost: a\r\n\r\n", "tick");
    serving->loop().post([this] { drain(); }); // from the loop, so that a cancellation arrives at once
    CHECK(until([&] { return gone; }));
    CHECK(counters.open == 0);
    for (auto& one : clients) CHECK(one.rest().find("\r\n0\r\n") == std::string::npos); // visibly truncated
}

namespace {

// A client whose request is incomplete when the drain starts.
struct unfinished_fixture : worker_fixture {
    bool gone = false;

    unfinished_fixture()
        : worker_fixture([](router& routes) {
              routes.post("/read", [](body_reader in) -> task<result<std::string>> {
                  co_return co_await in.read_all(1000);
              });
          }) {}

    void begin(socket_client& client, std::string_view bytes) {
        client.send(bytes);
        client.await_delivery();
        for (int i = 0; i < 10; ++i) serving->loop().poll();
        serving->drain([this] { gone = true; });
        CHECK(!gone);
    }
};

} // namespace

TEST_CASE_FIXTURE(unfinished_fixture, "a stop waits for half a request no longer than its grace") {
    socket_client client(port);
    SUBCASE("half a head") { begin(client, "POST /echo HTTP/1.1\r\nHo"); }
    SUBCASE("half a body") { begin(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhi"); }
    SUBCASE("half a body that a handler reads") {
        begin(client, "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhi");
    }
    pass(750ms);
    CHECK(meanwhile([&] { return client.receive().status; }) == 408);
    client.half_close();
    CHECK(until([this] { return gone; }));
    CHECK(counters.aborted == 0);
}

TEST_CASE_FIXTURE(unfinished_fixture, "a body that keeps arriving restarts its grace") {
    socket_client client(port);
    begin(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nhi");
    for (int i = 0; i < 18; ++i) {
        time.advance(200ms); // less than the grace
        serving->loop().poll();
        client.send("x");
        client.await_delivery();
        for (int j = 0; j < 10; ++j) serving->loop().poll();
    }
    CHECK(meanwhile([&] { return client.receive().body; }) == "hi" + std::string(18, 'x'));
    client.half_close();
    CHECK(until([this] { return gone; }));
}
