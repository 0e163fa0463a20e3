// SPDX-License-Identifier: MIT
// The defaults without any configuration: each limit to the byte or the second, with its response.
#include "support/stubborn_wire.hpp"
#include "support/until_cancelled.hpp"
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::stubborn_wire;

namespace {

struct default_note {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(default_note, (), (text))

struct defaults_fixture {
    manual_clock time;
    router app;

    defaults_fixture() {
        app.get("/", [] { return "root"; });
        app.get("/{rest}", [](path<"rest", std::string>) { return "root"; });
        app.post("/", [](request& req) { return std::to_string(req.body().size()); });
        app.post("/json", [](body<default_note> in) { return in->text; });
        app.get("/stuck", test_support::until_cancelled);
    }

    // Only the clock is configured.
    test_client client() { return test_client(app, {.clock = &time}); }

    int status(const std::string& bytes) {
        auto peer = client();
        peer.write(bytes);
        const auto res = peer.receive();
        CHECK(res.closes == (res.status >= 400));
        return res.status;
    }

    void pass(test_client& client, duration by) {
        time.advance(by);
        client.poll();
    }
};

std::string get_with(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

std::string nested_note(int depth) { // within an object
    return "{\"text\":\"a\",\"more\":" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
}

} // namespace

TEST_CASE_FIXTURE(defaults_fixture, "a request line has 8 KiB, else 414") {
    const auto of_size = [](std::size_t size) {
        return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    CHECK(status(of_size(8192)) == 200);
    CHECK(status(of_size(8193)) == 414);
}

TEST_CASE_FIXTURE(defaults_fixture, "a request head has 16 KiB, else 431") {
    const auto of_size = [](std::size_t size) {
        const auto filled = get_with("A: " + std::string(8000, 'a') + "\r\nB: \r\n");
        return get_with("A: " + std::string(8000, 'a') + "\r\nB: " + std::string(8000, 'b') +
                        "\r\nC: " + std::string(size - filled.size() - 8005, 'c') + "\r\n");
    };
    CHECK(of_size(16384).size() == 16384);
    CHECK(status(of_size(16384)) == 200);
    CHECK(status(of_size(16385)) == 431);
}

TEST_CASE_FIXTURE(defaults_fixture, "a single header line is limited only by the head: a cookie of 9 KiB is accepted") {
    CHECK(status(get_with("Cookie: a=" + std::string(9 * 1024, 'a') + "\r\n")) == 200);
    const std::size_t rest = get_with("Cookie: \r\n").size();
    CHECK(status(get_with("Cookie: " + std::string(16384 - rest, 'a') + "\r\n")) == 200);
    CHECK(status(get_with("Cookie: " + std::string(16385 - rest, 'a') + "\r\n")) == 431);
}

TEST_CASE_FIXTURE(defaults_fixture, "a request has 100 header fields, else 431") {
    std::string fields; // in addition to Host
    for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
    CHECK(status(get_with(fields)) == 200);
    CHECK(status(get_with(fields + "A: b\r\n")) == 431);
}

TEST_CASE_FIXTURE(defaults_fixture, "a body has 1 MiB, announced or counted, else 413") {
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
    const std::string most(1024 * 1024, 'x');
    CHECK(status(post + "Content-Length: 1048576\r\n\r\n" + most) == 200);
    CHECK(status(post + "Content-Length: 1048577\r\n\r\n") == 413);
    CHECK(status(post + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + most + "\r\n0\r\n\r\n") == 200);
    CHECK(status(post + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + most + "\r\n1\r\n") == 413);
}

TEST_CASE_FIXTURE(defaults_fixture, "JSON is at most 64 deep, else 400") {
    auto peer = client();
    CHECK(peer.post("/json", nested_note(64)).body == "a");
    const auto res = peer.post("/json", nested_note(65));
    CHECK(res.status == 400);
    CHECK(res.body.find(R"("rule":"depth")") != std::string::npos);
}

TEST_CASE_FIXTURE(defaults_fixture, "a head must be complete within 10 s, else 408") {
    auto peer = client();
    peer.write("GET / HTTP/1.1\r\n");
    pass(peer, 9s);
    peer.write("Host: a\r\n");
    CHECK(!peer.closed());
    pass(peer, 1s);
    CHECK(peer.receive().status == 408);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(defaults_fixture, "a body must be complete within 30 s, else 408") {
    auto peer = client();
    peer.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
        pass(peer, i == 2 ? 9s : 10s);
        peer.write("x");
    }
    CHECK(!peer.closed());
    pass(peer, 1s);
    CHECK(peer.receive().status == 408);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(defaults_fixture, "a connection may be idle for 60 s, then it is closed silently") {
    auto peer = client();
    CHECK(peer.get("/").status == 200);
    pass(peer, 59s);
    CHECK(!peer.closed());
    pass(peer, 1s);
    CHECK(peer.closed());
    CHECK(peer.output().empty());
    auto silent = client();
    silent.write("");
    pass(silent, 60s);
    CHECK(silent.closed());
    CHECK(silent.output().empty());
}

TEST_CASE_FIXTURE(defaults_fixture, "a peer has 30 s to read some of its response, then it is aborted") {
    stubborn_wire wire(app, time);
    wire.send(get_with(""));
    CHECK(!wire.waiting.empty());
    time.advance(29s);
    wire.machine.tick(wire.home.refresh());
    CHECK(!wire.closed);
    time.advance(1s);
    wire.machine.tick(wire.home.refresh());
    CHECK(wire.closed);
}

TEST_CASE_FIXTURE(defaults_fixture, "a handler has 30 s, else 504") {
    auto peer = client();
    peer.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    pass(peer, 29s);
    CHECK(peer.output().empty());
    pass(peer, 1s);
    const auto res = peer.receive();
    CHECK(res.status == 504);
    CHECK(res.body.starts_with(R"({"code":"deadline_exceeded")"));
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(defaults_fixture, "64 KiB are read ahead of a handler, then reading pauses until it has responded") {
    stubborn_wire wire(app, time);
    wire.send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string piece(1024, 'x');
    for (int i = 0; i < 64; ++i) {
        CHECK(wire.machine.wants_input());
        wire.send(piece);
    }
    CHECK(!wire.machine.wants_input());
    CHECK(wire.waiting.empty());
}

TEST_CASE_FIXTURE(defaults_fixture, "responses are buffered up to 256 KiB, the rest waits for its peer") {
    stubborn_wire wire(app, time);
    std::string requests;
    for (int i = 0; i < 4000; ++i) requests += get_with("");
    wire.send(requests);
    CHECK(wire.waiting.size() >= 256 * 1024);
    CHECK(wire.waiting.size() < 257 * 1024);
    CHECK(!wire.machine.wants_input());
}

TEST_CASE("a server has 10,000 connections, with these limits for each") {
    const server_options untouched;
    CHECK(untouched.connections == 10'000);
    const http::limits limits;
    CHECK(untouched.limits.request_line == limits.request_line);
    CHECK(untouched.limits.head == limits.head);
    CHECK(untouched.limits.fields == limits.fields);
    CHECK(untouched.limits.body == limits.body);
    CHECK(untouched.limits.pipelined == limits.pipelined);
    CHECK(untouched.limits.output == limits.output);
    CHECK(untouched.limits.head_time == limits.head_time);
    CHECK(untouched.limits.body_time == limits.body_time);
    CHECK(untouched.limits.handler_time == limits.handler_time);
    CHECK(untouched.limits.write_time == limits.write_time);
    CHECK(untouched.limits.write_rate == limits.write_rate);
    CHECK(untouched.limits.idle_time == limits.idle_time);
}
