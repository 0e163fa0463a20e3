// SPDX-License-Identifier: MIT
// Responses that arrive while the request is still being sent.
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include "support/secure_client_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

constexpr std::string_view too_large = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!";
constexpr std::size_t many = 32 << 20; // more than the kernel's buffers hold

// Refuses a request it has started to read, and closes without reading the rest.
void refuse(peer& link) {
    link.receive_some();
    link.send(too_large);
    link.end_tls();
    link.hang_up();
}

// Refuses, keeps the connection open and reads nothing more.
void refuse_and_stay(peer& link) {
    link.receive_some();
    link.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
    link.wait_for_end();
}

// Echoes the body while it arrives, byte for byte.
void echo(peer& link) {
    std::string came = link.receive_some();
    while (came.find("\r\n\r\n") == std::string::npos) came += link.receive_some();
    came.erase(0, came.find("\r\n\r\n") + 4);
    link.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(many) + "\r\n\r\n" + came);
    for (std::size_t back = came.size(); back < many; back += came.size()) {
        came = link.receive_some();
        link.send(came);
    }
    link.request();
    link.answer("next");
}

client_source endless() {
    return [](std::span<char> room) -> task<result<std::size_t>> {
        std::fill(room.begin(), room.end(), 'e');
        co_return room.size();
    };
}

struct early_fixture : test_support::secure_fixture {
    client outgoing{home, patient()};

    client_options patient() const {
        client_options options = trusting();
        options.max_body = 64 << 20;
        options.deadline = 10h;
        return options;
    }

    // Runs a call to its end without advancing the clock.
    result<client_response> send(client_request request) {
        pending_call call;
        home.spawn(call.follow(outgoing.send(std::move(request))));
        turn_until(home, [&] { return call.done(); });
        return std::move(*call.outcome);
    }
};

} // namespace

TEST_CASE_FIXTURE(early_fixture, "a server's refusal of a body is received even if it closes, with and without TLS") {
    scripted_server clear(refuse);
    scripted_server secure(refuse, tls);
    for (const scripted_server* server : {&clear, &secure})
        for (int i = 0; i < 10; ++i) {
            client_request streamed("POST", server->url("/"));
            streamed.source = endless();
            client_request whole("PUT", server->url("/"));
            whole.body.assign(many, 'w');
            for (const auto& request : {streamed, whole}) {
                CAPTURE(request.method);
                const auto answer = send(request);
                REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
                CHECK(answer->status == 413);
                CHECK(answer->body == "no!");
            }
        }
    CHECK(outgoing.stats().idle == 0);
    CHECK(outgoing.stats().retried == 0);
}

TEST_CASE_FIXTURE(early_fixture, "a response ends the call although the server reads no more of the body") {
    scripted_server clear(refuse_and_stay);
    scripted_server secure(refuse_and_stay, tls);
    for (const scripted_server* server : {&clear, &secure}) {
        client_request streamed("POST", server->url("/"));
        streamed.source = endless();
        client_request whole("POST", server->url("/"));
        whole.body.assign(many, 'w');
        for (const auto& request : {streamed, whole}) CHECK(send(request)->status == 413);
    }
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE_FIXTURE(early_fixture, "a waiting source is cancelled by the response") {
    scripted_server server(refuse_and_stay);
    error heard;
    client_request request("POST", server.url("/"));
    request.source = [&](std::span<char>) -> task<result<std::size_t>> {
        auto slept = co_await sleep_for(1h);
        heard = slept.error();
        if (heard == errc::cancelled) throw std::runtime_error("interrupted"); // this exception is ignored
        co_return std::size_t(0);
    };
    CHECK(send(request)->status == 413);
    CHECK(heard == errc::cancelled);
}

TEST_CASE_FIXTURE(early_fixture,
                  "a server that answers while it reads receives everything, and its response is complete") {
    scripted_server clear(echo);
    scripted_server secure(echo, tls);
    for (const scripted_server* server : {&clear, &secure}) {
        client_request request("PUT", server->url("/"));
        request.body.assign(many, 'b');
        const auto answer = send(request);
        REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
        CHECK(answer->body == request.body);
        CHECK(send({"GET", server->url("/")})->body == "next");
        CHECK(server->connections() == 1);
    }
}

TEST_CASE_FIXTURE(early_fixture, "a source and a sink work concurrently") {
    scripted_server server(echo);
    std::size_t given = 0;
    std::size_t taken = 0;
    client_request request("PUT", server.url("/"));
    request.source_size = many;
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        const std::size_t now = std::min(room.size(), many - given);
        std::fill_n(room.data(), now, 's');
        given += now;
        co_return now;
    };
    request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
        taken += piece.size();
        co_return ok();
    };
    const auto answer = send(request);
    REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
    CHECK(given == many);
    CHECK(taken == many);
    CHECK(outgoing.stats().idle == 1);
}

TEST_CASE_FIXTURE(early_fixture, "while a request is being sent, no response timeout applies") {
    std::atomic<bool> began{false};
    scripted_server server([&](peer& link) {
        link.receive_some();
        link.send("HTTP/1.1 200 OK\r\n");
        began = true;
        std::string all;
        while (!all.ends_with("0\r\n\r\n")) all += link.receive_some();
        link.send("Content-Length: 2\r\n\r\nok");
    });
    bool waiting = false;
    int asked = 0;
    client_request request("POST", server.url("/"));
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        if (asked++ > 0) co_return std::size_t(0);
        waiting = true;
        auto slept = co_await sleep_for(1h);
        if (!slept) co_return slept.error();
        room[0] = 'x';
        co_return std::size_t(1);
    };
    pending_call call;
    home.spawn(call.follow(outgoing.send(request)));
    turn_until(home, [&] { return waiting && began; });
    time.advance(59min);
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(!call.done());
    time.advance(1min);
    turn_until(home, [&] { return call.done(); });
    REQUIRE_MESSAGE(call.outcome->has_value(), call.outcome->error().message());
    CHECK(call.outcome->value().body == "ok");
}

TEST_CASE_FIXTURE(early_fixture, "the first-byte timeout starts when a large request has been sent") {
    std::atomic<bool> got{false};
    scripted_server server([&](peer& link) {
        link.request();
        got = true;
        link.wait_until_gone();
    });
    client_request request("POST", server.url("/"));
    request.body.assign(many, 'w');
    pending_call call;
    home.spawn(call.follow(outgoing.send(request)));
    turn_until(home, [&] { return got && outgoing.stats().sent > many; });
    time.advance(29s);
    home.poll();
    CHECK(!call.done());
    time.advance(1s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::deadline_exceeded);
    CHECK(call.outcome->error().message().find("first-byte") != std::string_view::npos);
}

TEST_CASE_FIXTURE(early_fixture, "a source that fails or throws ends a call whose response has started") {
    std::atomic<bool> began{false};
    scripted_server server([&](peer& link) {
        link.receive_some();
        link.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        began = true;
        link.wait_until_gone();
    });
    bool throws = false;
    client_request request("POST", server.url("/"));
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        if (!began) co_return std::string_view("x").copy(room.data(), room.size());
        if (throws) throw std::runtime_error("disk full");
        co_return error(errc::not_found, "no file");
    };
    CHECK(send(request).error() == errc::not_found);
    throws = true;
    began = false;
    CHECK_THROWS_WITH(home.block_on(outgoing.send(request)).has_value(), "disk full");
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE_FIXTURE(early_fixture, "a sink that throws, and a call's deadline, end a request that is still being sent") {
    scripted_server server([](peer& link) {
        link.receive_some();
        link.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        link.wait_for_end();
    });
    client_request request("POST", server.url("/"));
    request.source = endless();
    request.sink = [](const client_response&, std::string_view) -> task<result<void>> {
        throw std::runtime_error("disk full");
        co_return ok();
    };
    CHECK_THROWS_WITH(home.block_on(outgoing.send(request)).has_value(), "disk full");
    request.sink = {};
    request.deadline = 2s;
    pending_call call;
    const auto before = outgoing.stats().received;
    home.spawn(call.follow(outgoing.send(request)));
    turn_until(home, [&] { return outgoing.stats().received > before; });
    time.advance(2s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::deadline_exceeded);
}
