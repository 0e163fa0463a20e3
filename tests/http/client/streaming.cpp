// SPDX-License-Identifier: MIT
// Bodies that are never in memory as a whole, in both directions.
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

// Endless chunks, as fast as the client reads them.
void gush(peer& link) {
    link.request();
    link.send("HTTP/1.1 200 OK\r\nX-Kind: flood\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (true) link.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n");
}

// A complete chunked request, as received.
std::string chunked_request(peer& link) {
    std::string all;
    while (!all.ends_with("0\r\n\r\n")) all += link.receive_some();
    return all;
}

// Waits until it is opened or cancelled.
struct gate {
    explicit gate(loop& home) : timer(home.io(), boost::asio::steady_timer::time_point::max()) {}

    task<void> pass() { co_await timer.async_wait(boost::asio::as_tuple(use_task)); }
    void open() { timer.cancel(); }

    boost::asio::steady_timer timer;
};

std::string body_of(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

} // namespace

TEST_CASE("a sink receives the body piece by piece with status and fields, and the response has none") {
    scripted_server server([](peer& link) {
        link.request();
        link.send("HTTP/1.1 203 Fine\r\nX-Kind: list\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        link.send("6\r\n world\r\n0\r\n\r\n");
        link.request();
        link.answer("next");
    });
    loop home;
    client outgoing(home);
    std::string seen;
    client_request request("GET", server.url("/"));
    request.sink = [&](const client_response& head, std::string_view piece) -> task<result<void>> {
        CHECK(head.status == 203);
        CHECK(head.headers.find("x-kind") == "list");
        CHECK(!piece.empty());
        seen += piece;
        co_return ok();
    };
    const auto answer = home.block_on(outgoing.send(request));
    REQUIRE(answer);
    CHECK(seen == "hello world");
    CHECK(answer->body.empty());
    CHECK(answer->status == 203);
    CHECK(home.block_on(outgoing.get(server.url("/")))->body == "next"); // the connection was kept
    CHECK(server.connections() == 1);
}

TEST_CASE("a streamed body may exceed max_body, unless the request sets it") {
    const std::string large(3 << 20, 'x');
    scripted_server server([&](peer& link) {
        while (true) {
            link.request();
            link.answer(large);
        }
    });
    loop home;
    client_options small;
    small.max_body = 1000;
    client outgoing(home, small);
    std::size_t seen = 0;
    client_request request("GET", server.url("/"));
    request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
        seen += piece.size();
        co_return ok();
    };
    CHECK(home.block_on(outgoing.send(request)));
    CHECK(seen == large.size());
    request.max_body = 1 << 20;
    CHECK(home.block_on(outgoing.send(request)).error() == errc::too_large);
}

TEST_CASE("while a sink is busy nothing more is read, and no between-bytes timeout applies") {
    scripted_server server(gush);
    manual_clock time;
    loop home(time);
    client_options options;
    options.deadline = 1h;
    client outgoing(home, options);
    gate busy(home);
    int pieces = 0;
    client_request request("GET", server.url("/"));
    request.sink = [&](const client_response&, std::string_view) -> task<result<void>> {
        if (++pieces == 1) co_await busy.pass();
        if (pieces == 20) co_return error(errc::conflict, "enough");
        co_return ok();
    };
    pending_call call;
    home.spawn(call.follow(outgoing.send(request)));
    turn_until(home, [&] { return pieces == 1; });
    const auto received = outgoing.stats().received;
    for (int i = 0; i < 100; ++i) home.poll();
    time.advance(10min);
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(outgoing.stats().received == received);
    CHECK(received <= 32 * 1024);
    CHECK(!call.done());
    busy.open();
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::conflict); // the sink's own error is the call's
    CHECK(call.outcome->error().message() == "enough");
    CHECK(pieces == 20);
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE("a waiting sink is cancelled with its call, and the call ends when the sink has") {
    scripted_server server(gush);
    manual_clock time;
    loop home(time);
    client outgoing(home);
    error told;
    bool waiting = false;
    client_request request("GET", server.url("/"));
    request.deadline = 2s;
    request.sink = [&](const client_response&, std::string_view) -> task<result<void>> {
        waiting = true;
        auto slept = co_await sleep_for(1h);
        told = slept.error();
        co_return slept;
    };
    pending_call call;
    home.spawn(call.follow(outgoing.send(request)));
    turn_until(home, [&] { return waiting; });
    time.advance(2s);
    turn_until(home, [&] { return call.done(); });
    CHECK(told == errc::cancelled);
    CHECK(call.outcome->error() == errc::deadline_exceeded);
}

TEST_CASE("a sink that throws ends the call with its exception, and the client remains usable") {
    scripted_server server([](peer& link) {
        link.request();
        link.answer("hello");
    });
    loop home;
    client outgoing(home);
    client_request request("GET", server.url("/"));
    request.sink = [](const client_response&, std::string_view) -> task<result<void>> {
        throw std::runtime_error("disk full");
        co_return ok();
    };
    CHECK_THROWS_WITH(home.block_on(outgoing.send(request)).has_value(), "disk full");
    CHECK(home.block_on(outgoing.get(server.url("/")))->body == "hello");
}

TEST_CASE("the body of a redirect that is followed doesn't reach the sink") {
    scripted_server server([](peer& link) {
        link.request();
        link.send("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\ngone");
        link.request();
        link.answer("here");
    });
    loop home;
    client outgoing(home);
    std::string seen;
    client_request request("GET", server.url("/"));
    request.max_redirects = 1;
    request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
        seen += piece;
        co_return ok();
    };
    CHECK(home.block_on(outgoing.send(request)));
    CHECK(seen == "here");
    scripted_server endless([](peer& link) {
        while (true) {
            link.request();
            link.send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 4\r\n\r\ngone");
        }
    });
    request.url = endless.url("/");
    CHECK(home.block_on(outgoing.send(request)).error() == errc::unavailable);
    CHECK(seen == "here");
}

TEST_CASE("a source is called until it ends, and its body is sent in chunks") {
    scripted_server server([](peer& link) { link.answer(chunked_request(link)); });
    loop home;
    client outgoing(home);
    std::vector<std::string> pieces{"hello", std::string(300, 'y')};
    std::size_t given = 0;
    client_request request("POST", server.url("/"));
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        if (given == pieces.size()) co_return std::size_t(0);
        const std::string& piece = pieces[given++];
        co_return piece.copy(room.data(), room.size());
    };
    const auto answer = home.block_on(outgoing.send(request));
    REQUIRE(answer);
    CHECK(answer->body.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(answer->body.find("Content-Length") == std::string::npos);
    CHECK(body_of(answer->body) == "5\r\nhello\r\n12c\r\n" + std::string(300, 'y') + "\r\n0\r\n\r\n");
    CHECK(outgoing.stats().sent == answer->body.size());
}

TEST_CASE("a source with a known size announces it") {
    scripted_server server([](peer& link) { link.answer(link.request()); });
    loop home;
    client outgoing(home);
    std::size_t left = 100'000;
    client_request request("PUT", server.url("/"));
    request.source_size = left;
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        const std::size_t now = std::min(left, room.size());
        std::fill_n(room.data(), now, 'z');
        left -= now;
        co_return now;
    };
    const auto answer = home.block_on(outgoing.send(request));
    REQUIRE(answer);
    CHECK(answer->body.find("Content-Length: 100000\r\n") != std::string::npos);
    CHECK(body_of(answer->body) == std::string(100'000, 'z'));
}

TEST_CASE("a source that gives another size than announced, or fails, ends the call and the connection") {
    std::atomic<int> whole{0};
    scripted_server server([&](peer& link) {
        link.request();
        ++whole;
        link.answer("");
    });
    loop home;
    client outgoing(home);
    for (const std::uint64_t announced : {4U, 6U}) {
        CAPTURE(announced);
        bool given = false;
        client_request request("PUT", server.url("/"));
        request.source_size = announced;
        request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
            if (given) co_return std::size_t(0);
            given = true;
            co_return std::string_view("hello").copy(room.data(), room.size());
        };
        const auto failed = home.block_on(outgoing.send(request)).error();
        CHECK(failed == errc::invalid_argument);
        CHECK(failed.message() ==
              std::string("the source of the body gave ") + (announced == 4 ? "more" : "less") + " than it announced");
    }
    client_request request("PUT", server.url("/"));
    request.source_size = 5;
    request.source = [](std::span<char>) -> task<result<std::size_t>> { co_return error(errc::not_found, "no file"); };
    CHECK(home.block_on(outgoing.send(request)).error().message() == "no file");
    CHECK(outgoing.stats().idle == 0);
    CHECK(whole == 0);
}

TEST_CASE("a source is called again only when the connection has taken the previous piece") {
    std::atomic<bool> read_on{false};
    scripted_server server([&](peer& link) {
        while (!read_on) std::this_thread::yield();
        link.answer(std::to_string(chunked_request(link).size()));
    });
    loop home;
    client outgoing(home);
    std::size_t given = 0;
    constexpr std::size_t all = 32 << 20;
    client_request request("POST", server.url("/"));
    request.source = [&](std::span<char> room) -> task<result<std::size_t>> {
        const std::size_t now = std::min(room.size(), all - given);
        std::fill_n(room.data(), now, 'u');
        given += now;
        co_return now;
    };
    pending_call call;
    home.spawn(call.follow(outgoing.send(request)));
    // the kernel takes what it has room for, and then nothing
    for (std::size_t before = 1; before != given;) {
        before = given;
        for (int i = 0; i < 1000; ++i) home.poll();
    }
    CHECK(given < all);
    read_on = true;
    turn_until(home, [&] { return call.done(); });
    CHECK(given == all);
    CHECK(std::stoul(call.outcome->value().body) > all);
}

TEST_CASE("a streamed body isn't sent again, neither after a dead connection nor to another place") {
    scripted_server server([](peer& link) {
        link.request();
        link.answer("first");
        if (link.number == 0) return;
        chunked_request(link);
        link.send("HTTP/1.1 307 Again\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        chunked_request(link);
        link.send("HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        link.answer(link.request());
    });
    loop home;
    client outgoing(home);
    const auto put = [&] {
        client_request request("PUT", server.url("/"));
        request.max_redirects = 5;
        request.source = [given = false](std::span<char> room) mutable -> task<result<std::size_t>> {
            if (std::exchange(given, true)) co_return std::size_t(0);
            co_return std::string_view("once").copy(room.data(), room.size());
        };
        return home.block_on(outgoing.send(request));
    };
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    while (outgoing.stats().idle == 1 && put()) {
    } // the server's end of the first connection closes eventually
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    CHECK(put()->status == 307);
    const auto seen = put();
    CHECK(seen->body.starts_with("GET /there "));
    CHECK(seen->body.find("chunked") == std::string::npos);
    CHECK(outgoing.stats().retried == 0);
}

TEST_CASE("a request can't have both a body and a source") {
    loop home;
    client outgoing(home);
    client_request request("POST", "http://127.0.0.1:1/");
    request.body = "x";
    request.source = [](std::span<char>) -> task<result<std::size_t>> { co_return std::size_t(0); };
    CHECK(home.block_on(outgoing.send(request)).error() == errc::invalid_argument);
}

TEST_CASE("a request for trailers says so, and receives them with a sink too") {
    scripted_server server([](peer& link) {
        for (int i = 0; i < 2; ++i) {
            const std::string asked = link.request();
            link.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            link.send(asked.find("TE: trailers\r\nConnection: TE\r\n") == std::string::npos ? "3\r\nnot\r\n" : "");
            link.send("5\r\nasked\r\n0\r\nX-Sum: 7\r\n\r\n");
        }
    });
    loop home;
    client outgoing(home);
    std::string seen;
    client_request request(method::get, server.url("/"));
    const auto plain = home.block_on(outgoing.send(request));
    REQUIRE(plain);
    CHECK(plain->body == "notasked");
    request.wants_trailers = true;
    request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
        seen += piece;
        co_return ok();
    };
    const auto answer = home.block_on(outgoing.send(request));
    REQUIRE(answer);
    CHECK(seen == "asked");
    CHECK(answer->trailers.find("x-sum") == "7");
}
