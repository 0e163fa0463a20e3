// SPDX-License-Identifier: MIT
#include "http/message/request_timeout.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/middleware/deadline_from_header.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct caller_deadline_fixture {
    manual_clock time;
    router app;
    duration left{};
    int handled = 0;

    explicit caller_deadline_fixture(http::deadline_from_header_options options = {}) {
        app.use(deadline_from_header(options));
        app.get("/left", [this]() -> task<std::string> {
            ++handled;
            left = co_await time_left();
            co_return "handled";
        });
        app.get("/slow", []() -> task<result<std::string>> {
            auto slept = co_await sleep_for(2s);
            if (!slept) co_return slept.error();
            co_return "slept";
        });
        app.post("/read", [this](body_reader in) -> task<result<std::string>> {
            while (true) {
                const auto piece = co_await in.read();
                if (!piece) co_return piece.error();
                left = co_await time_left();
                if (piece->empty()) co_return "read";
            }
        });
    }

    static task<duration> time_left() {
        const executor here = co_await this_task;
        co_return here.context().deadline() - here.context().loop().clock().now();
    }
    test_client client(duration handler_time = 30s) {
        http::limits limits;
        limits.handler_time = handler_time;
        return test_client(app, {.limits = limits, .clock = &time});
    }
    int status(const std::string& value, duration handler_time = 30s) {
        auto peer = client(handler_time);
        peer.header("Request-Timeout-Ms", value);
        return peer.get("/left").status;
    }
};

} // namespace

TEST_CASE_FIXTURE(caller_deadline_fixture, "a request's deadline is its caller's if that is earlier") {
    struct row {
        const char* value;
        duration left;
    };
    for (const row& row : {row{"1", 1ms}, row{"250", 250ms}, row{"0000000250", 250ms}, row{"29999", 29999ms},
                           row{"30001", 30s}, row{"9999999999", 30s}}) {
        CHECK(status(row.value) == 200);
        CHECK(left == row.left);
    }
}

TEST_CASE_FIXTURE(caller_deadline_fixture, "without a value, or with an invalid one, a request has the server's time") {
    for (const char* value :
         {"", "abc", "-1", "+1", "1.5", "0x10", "10ms", "1,2", "12345678901", "99999999999999999999"}) {
        CHECK(status(value) == 200);
        CHECK(left == 30s);
    }
}

TEST_CASE_FIXTURE(caller_deadline_fixture, "a caller whose time is over is answered without the handler") {
    CHECK(status("0") == 504);
    CHECK(status("0000") == 504);
    CHECK(handled == 0);
}

TEST_CASE("a caller gets at most the middleware's upper limit") {
    caller_deadline_fixture at({.most = 100ms});
    CHECK(at.status("5000") == 200);
    CHECK(at.left == 100ms);
    CHECK(at.status("50") == 200);
    CHECK(at.left == 50ms);
    CHECK(at.status("") == 200); // it sent no time
    CHECK(at.left == 30s);
    CHECK(at.status("5000", duration::max()) == 200);
    CHECK(at.left == 100ms);
    CHECK_THROWS_WITH(
        deadline_from_header({.most = -1ns}), "deadline_from_header_options::most = -1 ns: accepted 0 ns or more");
}

TEST_CASE_FIXTURE(caller_deadline_fixture, "the handler's calls give up if they can't finish in time") {
    auto peer = client();
    peer.header("Request-Timeout-Ms", "1999");
    CHECK(peer.get("/slow").status == 504);
    peer.header("Request-Timeout-Ms", "2000");
    peer.write("GET /slow HTTP/1.1\r\nHost: a\r\nRequest-Timeout-Ms: 2000\r\n\r\n");
    peer.poll();
    time.advance(2s);
    peer.poll();
    CHECK(peer.receive().body == "slept");
}

TEST_CASE_FIXTURE(caller_deadline_fixture, "the time for receiving the body counts") {
    auto peer = client();
    peer.write("POST /read HTTP/1.1\r\nHost: a\r\nRequest-Timeout-Ms: 5000\r\nContent-Length: 4\r\n\r\n");
    peer.poll();
    time.advance(1s);
    peer.poll();
    peer.write("ab");
    peer.poll();
    CHECK(left == 4s);
    time.advance(1s);
    peer.poll();
    peer.write("cd");
    peer.poll();
    CHECK(left == 3s);
    CHECK(peer.receive().body == "read");
}

TEST_CASE_FIXTURE(caller_deadline_fixture, "the next request on the connection has its own time") {
    auto peer = client();
    peer.header("Request-Timeout-Ms", "250");
    CHECK(peer.get("/left").status == 200);
    CHECK(left == 250ms);
    peer.header("Request-Timeout-Ms", "");
    CHECK(peer.get("/left").status == 200);
    CHECK(left == 30s);
}

TEST_CASE("the remaining time is sent in whole milliseconds, at least one, with at most ten digits") {
    using http::detail::request_timeout_line;
    CHECK(request_timeout_line(250ms) == "Request-Timeout-Ms: 250\r\n");
    CHECK(request_timeout_line(250ms + 999us) == "Request-Timeout-Ms: 250\r\n");
    CHECK(request_timeout_line(1ns) == "Request-Timeout-Ms: 1\r\n");
    CHECK(request_timeout_line(0ns) == "Request-Timeout-Ms: 1\r\n");
    CHECK(request_timeout_line(-1h) == "Request-Timeout-Ms: 1\r\n");
    CHECK(request_timeout_line(duration::max()) == "Request-Timeout-Ms: 9999999999\r\n");
    CHECK(http::detail::parse_request_timeout("9999999999") == 9'999'999'999ms);
}
