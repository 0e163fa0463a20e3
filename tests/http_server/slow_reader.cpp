// SPDX-License-Identifier: MIT
// Peers that take their answers in their own time: every byte arrives, on a clock that the test moves.
#include "http_server/slow_reader_fixture.hpp"
#include "http_server/take_body.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::closing_get;
using test_support::slow_reader_fixture;
using test_support::socket_client;
using test_support::take_body;

namespace {

// A pause in which a connection that nothing is sent on is put to rest.
constexpr auto pause = 3s;

std::string keeping_get(std::string_view target) {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n");
}

} // namespace

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that pauses for seconds gets every byte of its answer") {
    std::string target;
    SUBCASE("of a body in memory") { target = "/plain"; }
    SUBCASE("of a body in memory, from a handler that was suspended") { target = "/later"; }
    SUBCASE("of a file") { target = "/file"; }
    SUBCASE("of a file, from a handler that was suspended") { target = "/file/later"; }
    SUBCASE("of a streamed body") { target = "/stream"; }
    auto client = socket_client::small(port);
    std::string all = ask(client, closing_get(target));
    pass(pause);
    all += meanwhile([&] { return client.rest(); });
    CHECK((take_body(all) == whole)); // too long to be shown
    CHECK(all.empty());
}

TEST_CASE_FIXTURE(slow_reader_fixture, "so it does of its events") {
    auto client = socket_client::small(port);
    std::string all = ask(client, closing_get("/events"));
    pass(pause);
    all += meanwhile([&] { return client.rest(); });
    std::string data;
    const auto body = take_body(all).value();
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t end = body.find("\n\n", at);
        REQUIRE(end != std::string::npos);
        data.append(body, at + 6, end - at - 6);
        at = end + 2;
    }
    CHECK((data == whole));
}

TEST_CASE_FIXTURE(slow_reader_fixture, "so it does of a message over a WebSocket") {
    auto client = socket_client::small(port);
    CHECK(ask(client, test_support::handshake("/socket")).starts_with("HTTP/1.1 101 "));
    pass(pause);
    client.send(test_support::client_frame(8, test_support::close_payload(1000)));
    const std::string all = meanwhile([&] { return client.rest(); });
    CHECK(all.size() == 10 + large + 4); // with the heads of two frames and a code
    CHECK((all.substr(10, large) == whole));
    CHECK(all.ends_with(test_support::server_close(1000)));
}

TEST_CASE_FIXTURE(slow_reader_fixture, "so it does over TLS") {
    const support::certificate_folder files;
    const auto settings = support::client_settings(files.path("ca.pem"));
    http::detail::tls_slot certificates;
    certificates.load(files.options()).value();
    serving->use_tls(certificates);
    std::string target;
    SUBCASE("of a body in memory, from a handler that was suspended") { target = "/later"; }
    SUBCASE("of a file, from a handler that was suspended") { target = "/file/later"; }
    SUBCASE("of a streamed body") { target = "/stream"; }
    support::tls_client client(port, settings.get(), small_buffer);
    REQUIRE(meanwhile([&] { return client.handshake(); }).empty());
    std::string all = ask(client, closing_get(target));
    pass(pause);
    all += meanwhile([&] { return client.rest(); });
    CHECK((take_body(all) == whole));
    CHECK(all.empty());
}

TEST_CASE_FIXTURE(slow_reader_fixture, "an answer may take as long as it takes while its peer goes on taking it") {
    std::string request;
    SUBCASE("of a body in memory") { request = keeping_get("/plain"); }
    SUBCASE("of the last body in memory") { request = closing_get("/plain"); }
    SUBCASE("of a file") { request = keeping_get("/file"); }
    SUBCASE("of the last file") { request = closing_get("/file"); }
    SUBCASE("of a streamed body") { request = closing_get("/stream"); }
    auto client = socket_client::small(port);
    std::string all = ask(client, request);
    for (int i = 0; i < 8; ++i) { // 160 seconds, of which the limit would be 30
        pass(20s);
        all += meanwhile([&] { return client.take(150'000); });
    }
    all += meanwhile([&] { return client.take(large + all.find("\r\n\r\n") + 4 - all.size()); });
    if (request.find("/stream") != std::string::npos) all += meanwhile([&] { return client.rest(); });
    CHECK((take_body(all) == whole));
    if (request != keeping_get("/plain")) return;
    pass(30s); // it is idle only now
    CHECK(answer(client, test_support::echo_hi) == "hi");
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that takes nothing more is cut, but not before its time") {
    std::string request;
    SUBCASE("of a body in memory") { request = keeping_get("/plain"); }
    SUBCASE("of the last body in memory") { request = closing_get("/plain"); }
    SUBCASE("of a file") { request = keeping_get("/file"); }
    SUBCASE("of the last file") { request = closing_get("/file"); }
    SUBCASE("of a streamed body") { request = closing_get("/stream"); }
    auto client = socket_client::small(port);
    client.send(request);
    REQUIRE(until([this] { return asked == 1; }));
    pass(29s);
    CHECK(counters.open == 1);
    // The kernels may still have passed something on meanwhile, which counts.
    for (int i = 0; i < 20 && counters.open != 0; ++i) pass(30s);
    CHECK(counters.open == 0);
    CHECK(client.rest().size() < large);
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a stop doesn't wait for it, whatever it has sent besides") {
    auto client = socket_client::small(port);
    client.send(keeping_get("/plain"));
    REQUIRE(until([this] { return asked == 1; }));
    client.send(keeping_get("/plain")); // which isn't read while the first answer waits
    client.await_delivery();
    serving->drain([] {});
    pass(29s);
    CHECK(counters.open == 1);
    for (int i = 0; i < 20 && counters.open != 0; ++i) pass(30s);
    CHECK(counters.open == 0);
    CHECK(asked == 1);
}
