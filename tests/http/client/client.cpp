// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include <weir/http/url_builder.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <list>

using namespace weir;
using namespace weir::http;
using test_support::peer;
using test_support::scripted_server;

namespace {

// Answers each request of a connection with its number on that connection.
void count_requests(peer& link) {
    for (int i = 1;; ++i) {
        link.request();
        link.answer(std::to_string(i));
    }
}

// A server that answers each connection's first request with `bytes` and then closes it.
struct single_answer {
    explicit single_answer(std::string bytes)
        : server([bytes](peer& link) {
              link.request();
              link.send(bytes);
          }) {}

    result<client_response> get() { return home.block_on(outgoing.get(server.url("/"))); }

    scripted_server server;
    loop home;
    client outgoing{home};
};

} // namespace

TEST_CASE("a GET returns status, fields and body, and sends Host and User-Agent") {
    std::promise<std::string> asked;
    scripted_server server([&](peer& link) {
        asked.set_value(link.request());
        link.send("HTTP/1.1 404 Not Found\r\nX-Why: none\r\nContent-Length: 4\r\n\r\ngone");
    });
    loop home;
    client outgoing(home);
    const auto url = url_builder(server.url("/find")).query("q", "a b").str();
    const auto answer = home.block_on(outgoing.get(url));
    REQUIRE(answer);
    CHECK(answer->status == 404);
    CHECK(answer->headers.find("x-why") == "none");
    CHECK(answer->body == "gone");
    CHECK(asked.get_future().get() == "GET /find?q=a%20b HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                          "\r\nUser-Agent: weir/0.1\r\n\r\n");
}

TEST_CASE("a POST sends its body with length and type") {
    scripted_server server([](peer& link) { link.answer(link.request()); });
    loop home;
    client outgoing(home);
    const auto answer = home.block_on(outgoing.post(server.url("/"), R"({"a":1})", "application/json"));
    REQUIRE(answer);
    CHECK(answer->body.find("POST / HTTP/1.1\r\n") == 0);
    CHECK(answer->body.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(answer->body.ends_with("Content-Length: 7\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a body larger than every buffer arrives whole") {
    scripted_server server([](peer& link) { link.answer(std::to_string(link.request().size())); });
    loop home;
    client outgoing(home);
    const auto answer = home.block_on(outgoing.post(server.url("/"), std::string(4 << 20, 'x'), "text/plain"));
    REQUIRE(answer);
    CHECK(std::stoul(answer->body) > 4u << 20);
}

TEST_CASE("consecutive calls share a connection") {
    scripted_server server(count_requests);
    loop home;
    client outgoing(home);
    for (const char* expected : {"1", "2", "3"}) {
        const auto answer = home.block_on(outgoing.get(server.url("/")));
        REQUIRE(answer);
        CHECK(answer->body == expected);
    }
    CHECK(server.connections() == 1);
    CHECK(outgoing.stats().opened == 1);
    CHECK(outgoing.stats().reused == 2);
    CHECK(outgoing.stats().idle == 1);
    outgoing.close_idle();
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE("no more connections stay open than the limit per host") {
    scripted_server server(count_requests);
    loop home;
    client_options one;
    one.max_idle_per_host = 1;
    client outgoing(home, one);
    std::vector<pending_call> calls(3);
    for (auto& call : calls) home.spawn(call.follow(outgoing.get(server.url("/"))));
    turn_until(home, [&] { return calls[0].done() && calls[1].done() && calls[2].done(); });
    for (auto& call : calls) CHECK(call.outcome->has_value());
    CHECK(server.connections() == 3);
    CHECK(outgoing.stats().idle == 1);
}

TEST_CASE("a burst up to the limit per host reuses the connections of the previous burst") {
    scripted_server server(count_requests);
    loop home;
    client outgoing(home);
    for (int burst = 0; burst < 5; ++burst) {
        std::vector<pending_call> calls(64);
        for (auto& call : calls) home.spawn(call.follow(outgoing.get(server.url("/"))));
        turn_until(home, [&] { return std::all_of(calls.begin(), calls.end(), [](auto& one) { return one.done(); }); });
        for (auto& call : calls) CHECK(call.outcome->has_value());
    }
    CHECK(outgoing.stats().opened == 64);
    CHECK(outgoing.stats().reused == 4 * 64);
    CHECK(outgoing.stats().idle == 64);
}

TEST_CASE("beyond the limit for all hosts, the connection idle for longest is closed") {
    std::array<std::promise<void>, 3> gone;
    std::list<scripted_server> servers;
    for (auto& one : gone)
        servers.emplace_back([&one](peer& link) {
            link.request();
            link.answer("x");
            link.wait_until_gone();
            one.set_value();
        });
    manual_clock time;
    loop home(time);
    client_options two;
    two.max_idle = 2;
    client outgoing(home, two);
    for (const auto& server : servers) {
        time.advance(std::chrono::seconds(1));
        REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    }
    CHECK(outgoing.stats().idle == 2);
    gone[0].get_future().get();
    time.advance(std::chrono::seconds(29));
    home.poll();
    CHECK(outgoing.stats().idle == 1);
    gone[1].get_future().get();
    outgoing.close_idle();
    CHECK(outgoing.stats().idle == 0);

    client_options none;
    none.max_idle = 0;
    scripted_server server(count_requests);
    client forgetful(home, none);
    REQUIRE(home.block_on(forgetful.get(server.url("/"))));
    CHECK(forgetful.stats().idle == 0);
}

TEST_CASE("an idle connection is closed after its timeout") {
    std::promise<void> gone;
    scripted_server server([&](peer& link) {
        link.request();
        link.answer("x");
        link.wait_until_gone();
        gone.set_value();
    });
    manual_clock time;
    loop home(time);
    client outgoing(home);
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    time.advance(std::chrono::seconds(29));
    home.poll();
    CHECK(outgoing.stats().idle == 1);
    time.advance(std::chrono::seconds(1));
    home.poll();
    CHECK(outgoing.stats().idle == 0);
    gone.get_future().get();
}

TEST_CASE("a connection is not kept after Connection: close") {
    single_answer one("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(one.get());
    CHECK(one.outgoing.stats().idle == 0);
}

TEST_CASE("a connection that the server closed while it was idle is detected without a retry") {
    std::promise<void> closed;
    scripted_server server([&](peer& link) {
        link.request();
        link.answer("x");
        link.hang_up();
        if (link.number == 0) closed.set_value();
    });
    loop home;
    client outgoing(home);
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    closed.get_future().get();
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    CHECK(outgoing.stats().opened == 2);
    CHECK(outgoing.stats().reused == 0);
    CHECK(outgoing.stats().retried == 0);
}

namespace {

// The first connection dies at its second request; any other answers.
void die_on_reuse(peer& link) {
    link.request();
    link.answer("first");
    link.request();
    if (link.number != 0) link.answer("again");
}

} // namespace

TEST_CASE("a GET on a kept connection that proves dead is sent once more on a new one") {
    scripted_server server(die_on_reuse);
    loop home;
    client outgoing(home);
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    const auto answer = home.block_on(outgoing.get(server.url("/")));
    REQUIRE(answer);
    CHECK(answer->body == "first");
    CHECK(server.connections() == 2);
    CHECK(outgoing.stats().retried == 1);
}

TEST_CASE("a POST on a kept connection that proves dead is not repeated") {
    scripted_server server(die_on_reuse);
    loop home;
    client outgoing(home);
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    const auto answer = home.block_on(outgoing.post(server.url("/"), "x", "text/plain"));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(server.connections() == 1);
}

TEST_CASE("a new connection that dies is not retried") {
    scripted_server server([](peer& link) { link.request(); });
    loop home;
    client outgoing(home);
    CHECK(home.block_on(outgoing.get(server.url("/"))).error() == errc::unavailable);
    CHECK(server.connections() == 1);
}

TEST_CASE("a chunked response is reassembled") {
    single_answer one("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    CHECK(one.get()->body == "hello world");
    CHECK(one.outgoing.stats().idle == 1);
}

TEST_CASE("a response to HEAD ends after the fields although they announce a body") {
    scripted_server server([](peer& link) {
        link.request();
        link.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        link.wait_until_gone();
    });
    loop home;
    client outgoing(home);
    const auto answer = home.block_on(outgoing.send(client_request("HEAD", server.url("/"))));
    REQUIRE(answer);
    CHECK(answer->headers.find("content-length") == "500");
    CHECK(answer->body.empty());
}

TEST_CASE("a 204 has no body") {
    single_answer one("HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(one.get()->status == 204);
}

TEST_CASE("a redirect is a response like any other") {
    single_answer one("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    CHECK(one.get()->headers.find("location") == "/elsewhere");
    CHECK(one.server.connections() == 1);
}

TEST_CASE("a truncated response is never a short success") {
    for (const char* cut :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 200 OK\r\nContent-Le"}) {
        CAPTURE(cut);
        single_answer one(cut);
        const auto answer = one.get();
        REQUIRE(!answer);
        CHECK(answer.error() == errc::unavailable);
        CHECK(answer.error().message().find("closed in the middle of the response") != std::string_view::npos);
    }
}

TEST_CASE("a reset within the body is unavailable and names the host") {
    scripted_server server([](peer& link) {
        link.request();
        link.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        link.reset();
    });
    loop home;
    client outgoing(home);
    const auto answer = home.block_on(outgoing.get(server.url("/")));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(answer.error().message().find("127.0.0.1:") != std::string_view::npos);
}

TEST_CASE("bodies and heads over their limits are refused as too large") {
    client_options small;
    small.max_body = 4;
    small.max_head = 200;
    for (const std::string& bytes :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\n\r\nhello"), "HTTP/1.1 200 OK\r\nX: " + std::string(300, 'x') + "\r\n\r\n"}) {
        CAPTURE(bytes);
        single_answer one(bytes);
        client limited(one.home, small);
        CHECK(one.home.block_on(limited.get(one.server.url("/"))).error() == errc::too_large);
    }
}

TEST_CASE("a request may allow a larger body than the client's limit") {
    single_answer one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    client_options small;
    small.max_body = 4;
    client limited(one.home, small);
    client_request request("GET", one.server.url("/"));
    request.max_body = 5;
    CHECK(one.home.block_on(limited.send(std::move(request)))->body == "hello");
}

TEST_CASE("a refused connection is unavailable, with host and reason but without the query") {
    loop home;
    boost::asio::ip::tcp::acceptor unused(home.io(), {boost::asio::ip::address_v4::loopback(), 0});
    const auto port = std::to_string(unused.local_endpoint().port());
    unused.close();
    client outgoing(home);
    const auto answer = home.block_on(outgoing.get("http://127.0.0.1:" + port + "/login?secret=s3cret"));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(answer.error().message() == "connecting to 127.0.0.1:" + port + " failed: Connection refused");
}

TEST_CASE("a name that can't be looked up is unavailable") {
    loop home;
    client outgoing(home);
    const std::string overlong(64, 'a'); // longer than a DNS label may be, so no server is asked
    const auto answer = home.block_on(outgoing.get("http://" + overlong + "/"));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(answer.error().message().find("looking up " + overlong) == 0);
}

TEST_CASE("a name is looked up and its addresses are tried in turn") {
    scripted_server server(count_requests); // 127.0.0.1 only, while localhost may resolve to ::1 first
    loop home;
    client outgoing(home);
    const auto answer = home.block_on(outgoing.get(server.url("/", "localhost")));
    REQUIRE(answer);
    CHECK(answer->body == "1");
}

TEST_CASE("an invalid URL is never sent") {
    loop home;
    client outgoing(home);
    CHECK(home.block_on(outgoing.get("api.example/x")).error() == errc::invalid_argument);
    CHECK(outgoing.stats().calls == 0);
}

TEST_CASE("fields that would add a line or reframe the message are refused") {
    loop home;
    client outgoing(home);
    const std::pair<const char*, const char*> bad[] = {
        {"Host", "evil"},        {"X(A)", "1"},        {"X-A", "\x01"},
        {"content-length", "0"}, {"Connection", "te"}, {"Transfer-Encoding", "x"}};
    for (const auto& field : bad) {
        CAPTURE(field.first);
        client_request request("GET", "http://127.0.0.1:1/");
        request.headers.add(field.first, field.second);
        CHECK(home.block_on(outgoing.send(request)).error() == errc::invalid_argument);
    }
    client_request split(method::get, "http://127.0.0.1:1/");
    CHECK_THROWS_AS(split.headers.add("X-A", "1\r\nX-B: 2"), error_exception);
    CHECK_THROWS_AS(split.headers.add("X A", "1"), error_exception);
    const client_request two_lines("GET / HTTP/1.1\r\nX:", "http://127.0.0.1:1/");
    CHECK(home.block_on(outgoing.send(two_lines)).error() == errc::invalid_argument);
}

TEST_CASE("a client refuses calls from another loop") {
    loop home;
    loop other;
    client outgoing(home);
    CHECK(other.block_on(outgoing.get("http://127.0.0.1:1/")).error() == errc::internal);
}

TEST_CASE("a failure says when the request's outcome is unknown") {
    scripted_server server([](peer& link) { link.request(); }); // and closes
    loop home;
    client outgoing(home);
    const auto code_of = [&](client_request request) {
        const auto outcome = home.block_on(outgoing.send(std::move(request)));
        CHECK(outcome.error() == errc::unavailable);
        return std::string(outcome.error().code());
    };
    CHECK(code_of({"GET", server.url("/")}) == "unavailable");
    CHECK(code_of({"PUT", server.url("/")}) == "unavailable");
    CHECK(code_of({"POST", server.url("/")}) == outcome_unknown_code);
    CHECK(code_of({"PATCH", server.url("/")}) == outcome_unknown_code);
    client_request keyed("POST", server.url("/"));
    keyed.repeatable = true;
    CHECK(code_of(std::move(keyed)) == "unavailable");
    client_request unrepeatable("GET", server.url("/"));
    unrepeatable.repeatable = false;
    CHECK(code_of(std::move(unrepeatable)) == outcome_unknown_code);
}

TEST_CASE("a request that can't have reached a server has had no effect") {
    std::string url;
    {
        scripted_server gone([](peer&) {});
        url = gone.url("/");
    }
    loop home;
    client outgoing(home);
    const auto outcome = home.block_on(outgoing.post(url, "body", "text/plain"));
    CHECK(outcome.error() == errc::unavailable);
    CHECK(outcome.error().code() == "unavailable");
}

TEST_CASE("an unusable response leaves the outcome of a POST unknown") {
    scripted_server server([](peer& link) {
        link.request();
        link.send("HTTP/1.1 nonsense\r\n\r\n");
    });
    loop home;
    client outgoing(home);
    const auto outcome = home.block_on(outgoing.post(server.url("/"), "body", "text/plain"));
    CHECK(outcome.error().code() == outcome_unknown_code);
    CHECK(outcome.error().status() == 502);
}
