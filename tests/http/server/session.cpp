// SPDX-License-Identifier: MIT
#include "support/until_cancelled.hpp"
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct session_fixture {
    manual_clock time;
    router app;
    std::vector<std::string> ends; // how suspended handlers ended

    session_fixture() {
        app.get("/", [] { return "root"; });
        app.get("/agent", [](request& req) { return std::string(req.header("User-Agent")); });
        app.post("/echo", [](request& req) { return std::string(req.body()); });
        app.post("/echo_later", [](request& req) -> task<std::string> {
            co_await sleep_for(1s);
            co_return std::string(req.body());
        });
        app.get("/inline", []() -> task<std::string> { co_return "inline"; });
        app.get("/later", []() -> task<result<std::string>> {
            const auto slept = co_await sleep_for(20s);
            if (!slept) co_return slept.error();
            co_return "waited";
        });
        app.get("/stuck", [this]() -> task<result<void>> {
            const auto ended = co_await test_support::until_cancelled();
            ends.emplace_back(ended.error().code());
            co_return ended;
        });
    }

    test_client client(http::limits limits = {}) { return test_client(app, {.limits = limits, .clock = &time}); }

    void pass(test_client& client, duration by) {
        time.advance(by);
        client.poll();
    }
};

} // namespace

TEST_CASE_FIXTURE(session_fixture, "pipelined requests are answered in order") {
    auto peer = client();
    peer.write("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
               "GET /inline HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.receive().body == "root");
    CHECK(peer.receive().body == "one");
    CHECK(peer.receive().body == "inline");
    CHECK(peer.receive().status == 404);
    CHECK(!peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "a request may arrive in any pieces") {
    const std::string bytes =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nwor\r\n2;x=y\r\nld\r\n0\r\nA: b\r\n\r\n"
        "GET /agent HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\n\r\n";
    for (std::size_t split = 1; split < bytes.size(); ++split) {
        CAPTURE(split);
        auto peer = client();
        peer.write(std::string_view(bytes).substr(0, split));
        peer.write(std::string_view(bytes).substr(split));
        CHECK(peer.receive().body == "hello");
        CHECK(peer.receive().body == "world");
        CHECK(peer.receive().body == "me");
    }
    auto peer = client();
    for (const char byte : bytes) peer.write({&byte, 1});
    CHECK(peer.receive().body == "hello");
    CHECK(peer.receive().body == "world");
    CHECK(peer.receive().body == "me");
}

TEST_CASE_FIXTURE(session_fixture, "a coroutine's request keeps its bytes while others arrive behind it") {
    auto peer = client();
    peer.write("POST /echo_later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirstPOST /echo_later HTTP/1.1\r\n");
    peer.write("Host: a\r\nContent-Length: 6\r\n\r\nsecondGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    CHECK(peer.output().empty());
    pass(peer, 1s);
    CHECK(peer.receive().body == "first");
    CHECK(peer.output().empty());
    pass(peer, 1s);
    CHECK(peer.receive().body == "second");
    CHECK(peer.receive().body == "root");
}

TEST_CASE_FIXTURE(session_fixture, "Connection: close and HTTP/1.0 end the connection after the response") {
    auto peer = client();
    peer.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.receive().closes);
    CHECK(peer.closed());
    CHECK(peer.output().empty());

    auto old = client();
    old.write("GET / HTTP/1.0\r\n\r\n");
    CHECK(old.receive().header("connection") == "close");
    auto kept = client();
    kept.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(kept.receive().header("connection") == "keep-alive");
    CHECK(!kept.closed());
}

TEST_CASE_FIXTURE(session_fixture, "every response has a Date and its length") {
    auto peer = client();
    const auto res = peer.get("/");
    CHECK(res.header("date") == "Thu, 01 Jan 2026 00:00:00 GMT");
    CHECK(res.header("content-length") == "4");
    time.advance(51s);
    CHECK(peer.get("/").header("date") == "Thu, 01 Jan 2026 00:00:51 GMT");
}

TEST_CASE_FIXTURE(session_fixture, "input that isn't HTTP gets one precise answer and the connection ends") {
    const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    const std::pair<std::string, int> wrong[] = {
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post + "Content-Length: 1048577\r\n\r\n", 413},
        {post + "Transfer-Encoding: chunked\r\n\r\nz", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n", 417},
        {"GET /" + std::string(9000, 'a'), 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17000, 'a'), 431},
    };
    for (const auto& one : wrong) {
        const std::string& bytes = one.first;
        CAPTURE(bytes.substr(0, 80));
        auto peer = client();
        peer.write(bytes);
        const auto res = peer.receive();
        CHECK(res.status == one.second);
        CHECK(res.closes);
        CHECK(peer.closed());
        CHECK(res.body.starts_with(R"({"code":")"));
    }
}

TEST_CASE_FIXTURE(session_fixture, "a chunked body that exceeds the limit is a 413") {
    auto peer = client();
    peer.write("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 16; ++i) peer.write(chunk);
    CHECK(peer.output().empty());
    peer.write(chunk);
    CHECK(peer.receive().status == 413);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "Expect: 100-continue is answered with 100, or refused at once") {
    auto peer = client();
    peer.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(peer.output() == "HTTP/1.1 100 Continue\r\n\r\n");
    peer.write("ok");
    CHECK(peer.receive().body == "ok");

    auto lost = client();
    lost.write("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(lost.receive().status == 404);
    CHECK(lost.closed());
}

TEST_CASE_FIXTURE(session_fixture, "a head or a body that arrives too slowly is a 408") {
    auto head = client();
    head.write("GET / HTTP/1.1\r\n");
    pass(head, 9s);
    head.write("Host: a\r\n"); // more bytes give no more time
    pass(head, 1s);
    const auto late = head.receive();
    CHECK(late.status == 408);
    CHECK(late.body.find("request_timeout") != std::string::npos);
    CHECK(head.closed());

    auto body = client();
    body.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
    pass(body, 29s);
    CHECK(!body.closed());
    pass(body, 1s);
    CHECK(body.receive().status == 408);
}

TEST_CASE_FIXTURE(session_fixture, "an idle connection is closed silently") {
    auto idle = client();
    CHECK(idle.get("/").status == 200);
    pass(idle, 59s);
    CHECK(!idle.closed());
    pass(idle, 1s);
    CHECK(idle.closed());
    CHECK(idle.output().empty());
}

TEST_CASE_FIXTURE(session_fixture, "a head that arrives byte by byte after a line end is a 408") {
    auto peer = client();
    peer.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none");
    CHECK(peer.receive().body == "one");
    peer.write("\r\n");
    peer.write("G");
    pass(peer, 9s);
    peer.write("E");
    CHECK(!peer.closed());
    pass(peer, 1s);
    CHECK(peer.receive().status == 408);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "a line end after a request doesn't start another one") {
    for (const std::string stray : {"\r\n", "\r"}) {
        const auto quiet = [&](test_client& peer) {
            peer.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none");
            CHECK(peer.receive().body == "one");
            peer.write(stray);
            pass(peer, 59s);
            CHECK(peer.output().empty());
            CHECK(!peer.closed());
        };
        auto asking = client();
        quiet(asking);
        asking.write(std::string("\r\n").substr(stray.size()) + "GET / HTTP/1.1\r\n");
        pass(asking, 9s);
        asking.write("Host: a\r\n\r\n");
        CHECK(asking.receive().body == "root");

        auto idle = client();
        quiet(idle);
        pass(idle, 1s);
        CHECK(idle.closed());
        CHECK(idle.output().empty());

        auto leaving = client();
        quiet(leaving);
        leaving.write_end();
        CHECK(leaving.closed());
        CHECK(leaving.output().empty());

        auto wrong = client();
        quiet(wrong);
        wrong.write("\r\n\r\n");
        CHECK(wrong.receive().status == 400);
    }
}

TEST_CASE_FIXTURE(session_fixture, "a request truncated by the peer's close is never handled") {
    auto peer = client();
    peer.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    peer.write_end();
    CHECK(peer.receive().status == 400);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "a peer that hangs up while its handler waits cancels it") {
    auto peer = client();
    peer.write(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /stuck HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.receive().body == "root");
    peer.write_end();
    peer.poll();
    CHECK(ends == std::vector<std::string>{"cancelled"});
    CHECK(peer.output().empty());
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "with half-closed connections enabled, such a peer still gets its response") {
    auto peer = client({.half_close = true});
    peer.write("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.write_end();
    peer.poll();
    pass(peer, 20s);
    CHECK(peer.receive().body == "waited");
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(session_fixture, "at the deadline 504 is sent and the handler is cancelled") {
    http::limits limits;
    limits.handler_time = 5s;
    auto peer = client(limits);
    peer.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    pass(peer, 4s);
    CHECK(peer.output().empty());
    CHECK(ends.empty());
    pass(peer, 1s);
    const auto res = peer.receive();
    CHECK(res.status == 504);
    CHECK(res.body.find(R"("code":"deadline_exceeded")") != std::string::npos);
    CHECK(peer.closed());
    peer.poll();
    CHECK(ends == std::vector<std::string>{"cancelled"});
}

TEST_CASE_FIXTURE(session_fixture, "a peer's reset cancels its handler") {
    auto peer = client();
    peer.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    CHECK(ends.empty());
    peer.reset();
    CHECK(ends == std::vector<std::string>{"cancelled"});
}

TEST_CASE_FIXTURE(session_fixture, "an idle connection releases its coroutine and still serves the next one") {
    auto peer = client();
    CHECK(peer.get("/inline").body == "inline");
    pass(peer, 5s);
    CHECK(peer.get("/inline").body == "inline");
    pass(peer, 5s);
    peer.write("POST /echo_later HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    peer.poll();
    pass(peer, 1s);
    CHECK(peer.receive().body == "x");
}
