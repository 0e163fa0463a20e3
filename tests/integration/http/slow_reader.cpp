// SPDX-License-Identifier: MIT
// Peers that read slowly: every byte arrives, on a clock that the test moves.
#include "integration/http/slow_reader_fixture.hpp"
#include "integration/http/take_body.hpp"

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

// A pause after which an idle connection is parked.
constexpr auto pause = 3s;

} // namespace

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that pauses for seconds gets every byte of its response") {
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
    CHECK((take_body(all) == whole)); // too long to print
    CHECK(all.empty());
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that pauses gets every byte of its events") {
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

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that pauses gets every byte of a WebSocket message") {
    auto client = socket_client::small(port);
    CHECK(ask(client, test_support::handshake("/socket")).starts_with("HTTP/1.1 101 "));
    pass(pause);
    client.send(test_support::client_frame(8, test_support::close_payload(1000)));
    const std::string all = meanwhile([&] { return client.rest(); });
    CHECK(all.size() == 10 + large + 4); // with the heads of two frames and a code
    CHECK((all.substr(10, large) == whole));
    CHECK(all.ends_with(test_support::server_close(1000)));
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that pauses gets every byte over TLS") {
    const test_support::certificate_folder files;
    const auto settings = test_support::client_settings(files.path("ca.pem"));
    http::detail::tls_slot certificates;
    certificates.load(files.options()).value();
    serving->use_tls(certificates);
    std::string target;
    SUBCASE("of a body in memory, from a handler that was suspended") { target = "/later"; }
    SUBCASE("of a file, from a handler that was suspended") { target = "/file/later"; }
    SUBCASE("of a streamed body") { target = "/stream"; }
    test_support::tls_client client(port, settings.get(), small_buffer);
    REQUIRE(meanwhile([&] { return client.handshake(); }).empty());
    std::string all = ask(client, closing_get(target));
    pass(pause);
    all += meanwhile([&] { return client.rest(); });
    CHECK((take_body(all) == whole));
    CHECK(all.empty());
}
