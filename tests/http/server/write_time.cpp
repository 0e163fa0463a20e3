// SPDX-License-Identifier: MIT
// How long a peer may take to read the output, tested without a socket.
#include "support/stubborn_wire.hpp"
#include <weir/http/router.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t large = 1'000'000;

struct write_time_fixture {
    manual_clock time;
    router app;
    test_support::stubborn_wire peer{app, time};

    write_time_fixture() {
        app.get("/large", [] { return std::string(large, 'x'); });
        app.get("/", [] { return "root"; });
        app.post("/echo", [](request& req) { return std::string(req.body()); });
        peer.host.limits.write_time = 30s;
        peer.host.limits.write_rate = 1000;
    }
    void pass(duration by) {
        time.advance(by);
        peer.home.poll();
        if (!peer.closed) peer.machine.tick(peer.home.now());
    }
    void take(std::size_t size) { peer.waiting.erase(0, size); }
    void ask(std::string_view target) {
        peer.send(std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
};

} // namespace

TEST_CASE_FIXTURE(write_time_fixture, "a peer that reads nothing is aborted when the time is up") {
    ask("/large");
    pass(29s);
    CHECK(!peer.closed);
    pass(1s);
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(write_time_fixture, "each time it reads something its time restarts") {
    ask("/large");
    for (int i = 0; i < 10; ++i) {
        pass(29s);
        take(50'000);
        pass(250ms);
        CHECK(!peer.closed);
    }
    pass(29s);
    CHECK(!peer.closed);
    pass(1s);
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(write_time_fixture, "a peer that reads a byte at a time isn't waited for") {
    ask("/large");
    pass(20s);
    take(5000); // worth five more seconds
    pass(1s);
    take(1);
    pass(13s);
    CHECK(!peer.closed);
    take(1);
    pass(1s);
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(write_time_fixture, "a connection is idle from when its response has been sent") {
    peer.host.limits.idle_time = 60s;
    ask("/large");
    for (int i = 0; i < 5; ++i) {
        pass(20s);
        take(100'000);
    }
    pass(1s);
    peer.take_once();
    pass(59s);
    CHECK(!peer.closed);
    pass(1s);
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(write_time_fixture, "a request's time stops while its peer isn't read from") {
    peer.host.limits.head_time = peer.host.limits.body_time = 10s;
    const std::string answered = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string next, rest;
    SUBCASE("in the middle of its head") {
        next = "GET / HTTP/1.1\r\nHo";
        rest = "st: a\r\n\r\n";
    }
    SUBCASE("in the middle of its body") {
        next = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nro";
        rest = "ot";
    }
    peer.send(answered + next);
    CHECK(!peer.machine.wants_input());
    pass(20s);
    peer.take_once();
    CHECK(peer.machine.wants_input());
    pass(9s);
    CHECK(peer.waiting.empty());
    peer.send(rest);
    CHECK(peer.waiting.starts_with("HTTP/1.1 200 "));
    CHECK(peer.waiting.ends_with("\r\n\r\nroot"));
}

TEST_CASE_FIXTURE(write_time_fixture, "a request's time resumes once its peer is read from again") {
    peer.host.limits.head_time = 10s;
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo");
    pass(20s);
    peer.take_once();
    pass(10s);
    CHECK(peer.waiting.starts_with("HTTP/1.1 408 "));
}
