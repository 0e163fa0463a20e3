// SPDX-License-Identifier: MIT
// The client's reports of its calls.
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include <weir/http/client_metrics.hpp>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

void answer_once(peer& link) {
    link.request();
    link.answer("hello", "201 Created");
}

struct told {
    std::string method;
    std::string host;
    int status = 0;
    error failure{};
    duration took{};
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
};

} // namespace

TEST_CASE("every call is reported once, including failed ones") {
    scripted_server server(answer_once);
    manual_clock time;
    loop home(time);
    std::vector<told> reports;
    client_options options;
    options.on_call = [&](const client_report& one) {
        reports.push_back({std::string(one.method), std::string(one.host), one.status, one.failure, one.took, one.sent,
                           one.received});
    };
    client outgoing(home, options);
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    REQUIRE(home.block_on(outgoing.post(server.url("/orders?secret=1"), "xy", "text/plain")));
    boost::asio::ip::tcp::acceptor unused(home.io(), {boost::asio::ip::address_v4::loopback(), 0});
    const auto unreachable = "127.0.0.1:" + std::to_string(unused.local_endpoint().port());
    unused.close();
    CHECK(!home.block_on(outgoing.get("http://" + unreachable + "/")));
    CHECK(!home.block_on(outgoing.get("nonsense"))); // nothing was attempted

    REQUIRE(reports.size() == 2);
    CHECK(reports[0].method == "POST");
    CHECK(reports[0].host == host);
    CHECK(reports[0].status == 201);
    CHECK(!reports[0].failure);
    CHECK(reports[0].sent > 100);
    CHECK(reports[0].received == std::string("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello").size());
    CHECK(reports[1].host == unreachable);
    CHECK(reports[1].status == 0);
    CHECK(reports[1].failure == errc::unavailable);
    CHECK(reports[1].received == 0);

    const auto sums = outgoing.stats();
    CHECK(sums.calls == 2);
    CHECK(sums.failed == 1);
    CHECK(sums.sent == reports[0].sent);
    CHECK(sums.received == reports[0].received);
}

TEST_CASE("a call that times out is reported with its duration") {
    std::atomic<bool> asked{false};
    scripted_server silent([&](peer& link) {
        link.request();
        asked = true;
        link.wait_until_gone();
    });
    manual_clock time;
    loop home(time);
    told last;
    client_options options;
    options.deadline = 7s;
    options.on_call = [&](const client_report& one) {
        last.failure = one.failure;
        last.took = one.took;
    };
    client outgoing(home, options);
    pending_call call;
    home.spawn(call.follow(outgoing.get(silent.url("/"))));
    turn_until(home, [&] { return asked.load(); });
    time.advance(7s);
    turn_until(home, [&] { return call.done(); });
    CHECK(last.failure == errc::deadline_exceeded);
    CHECK(last.took == 7s);
}

TEST_CASE("calls are measured by host, method and status or kind of failure") {
    scripted_server server(answer_once);
    loop home;
    metrics all;
    client_options options;
    options.on_call = measure_calls(all);
    client outgoing(home, options);
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    client_request late("GET", server.url("/"));
    late.deadline = 0s;
    CHECK(!home.block_on(outgoing.send(late)));
    std::string text;
    all.write(text);
    const std::string labels = "http_client_requests_total{host=\"" + host + "\",method=\"GET\",status=";
    CHECK(text.find(labels + "\"201\"} 1") != std::string::npos);
    CHECK(text.find(labels + "\"deadline_exceeded\"} 1") != std::string::npos);
    CHECK(text.find("http_client_request_duration_seconds_count{host=\"" + host + "\"} 2") != std::string::npos);
}

TEST_CASE("a request states whether it may be sent twice") {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
        CAPTURE(method);
        CHECK(client_request(method, "http://h/").idempotent());
    }
    CHECK(!client_request("POST", "http://h/").idempotent());
    CHECK(!client_request("PATCH", "http://h/").idempotent());
    client_request keyed("POST", "http://h/");
    keyed.repeatable = true;
    CHECK(keyed.idempotent());
    client_request counted("GET", "http://h/");
    counted.repeatable = false;
    CHECK(!counted.idempotent());
    client_request streamed("PUT", "http://h/");
    streamed.source = [](std::span<char>) -> task<result<std::size_t>> { co_return std::size_t(0); };
    CHECK(!streamed.idempotent());
}
