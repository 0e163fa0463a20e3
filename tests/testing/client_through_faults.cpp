// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include <weir/testing/fault_proxy.hpp>

using namespace weir;
using namespace weir::http;
using namespace weir::testing;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

void answer_all(peer& link) {
    while (true) {
        link.request();
        link.answer("hello world");
    }
}

struct line_fixture {
    scripted_server server{answer_all};
    fault_proxy line{server.port()};
    manual_clock time;
    loop home{time};
    client outgoing{home};

    result<client_response> get() { return home.block_on(outgoing.get(line.base_url() + "/")); }
};

} // namespace

TEST_CASE_FIXTURE(line_fixture,
                  "the client meets its deadline on a server that doesn't read, however much is left to send") {
    line.set(fault::deaf());
    pending_call call;
    home.spawn(call.follow(outgoing.post(line.base_url() + "/", std::string(64 << 20, 'x'), "text/plain")));
    turn_until(home, [&] { return line.stats().accepted == 1; });
    CHECK(!call.done());
    time.advance(30s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(line_fixture, "the client meets its deadline if the response is swallowed") {
    line.set(direction::to_client, fault::blackhole());
    pending_call call;
    home.spawn(call.follow(outgoing.get(line.base_url() + "/")));
    turn_until(home, [&] { return line.stats().read_from_upstream > 0; });
    time.advance(30s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(line_fixture, "a response in slices or at a trickle is the same response") {
    for (const fault how : {fault::slice(1), fault::trickle(7, 1ms)}) {
        line.set(how);
        const auto answer = get();
        REQUIRE(answer);
        CHECK(answer->body == "hello world");
    }
}

TEST_CASE_FIXTURE(line_fixture, "a response cut or reset anywhere fails the call and never yields a shorter one") {
    const std::size_t whole = std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world").size();
    for (std::size_t at = 0; at < whole; ++at) {
        CAPTURE(at);
        for (const fault how : {fault::cut_after(at), fault::reset_after(at)}) {
            line.set(direction::to_client, how);
            const auto answer = get();
            REQUIRE(!answer);
            CHECK(answer.error() == errc::unavailable);
        }
    }
    line.heal();
    CHECK(get());
}

TEST_CASE_FIXTURE(line_fixture, "a damaged status line is unavailable rather than a wrong status") {
    line.set(direction::to_client, fault::corrupt(10));
    CHECK(get().error() == errc::unavailable);
}

TEST_CASE_FIXTURE(line_fixture, "a refused connection is unavailable, and the next call works once healed") {
    line.refuse();
    CHECK(get().error() == errc::unavailable);
    line.heal();
    CHECK(get());
}

TEST_CASE_FIXTURE(line_fixture, "connections reset while idle don't fail the next call") {
    REQUIRE(get());
    line.reset_all();
    CHECK(get());
    CHECK(outgoing.stats().opened == 2);
}

TEST_CASE("a damaged byte breaks TLS and isn't delivered") {
    const test_support::authority trusted;
    auto tls = test_support::server_tls(trusted.sign("IP:127.0.0.1"));
    scripted_server server(answer_all, tls);
    fault_proxy line(server.port());
    client_options options;
    options.system_trust_store = false;
    options.ca_pem = trusted.pem();
    loop home;
    client outgoing(home, options);
    const std::string url = "https://127.0.0.1:" + std::to_string(line.port()) + "/";
    REQUIRE(home.block_on(outgoing.get(url)));
    line.set(direction::to_client, fault::corrupt(20));
    const auto answer = home.block_on(outgoing.get(url));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(outgoing.stats().idle == 0);
}
