// SPDX-License-Identifier: MIT
// How long a server continues to send to a slow peer: a worker from inside, on a clock that the test moves.
#include "integration/http/slow_reader_fixture.hpp"
#include "integration/http/take_body.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::closing_get;
using test_support::keeping_get;
using test_support::slow_reader_fixture;
using test_support::socket_client;
using test_support::take_body;

namespace {

// The request, with which a test runs once each.
std::string any_large_answer() {
    std::string request;
    SUBCASE("of a body in memory") { request = keeping_get("/plain"); }
    SUBCASE("of the last body in memory") { request = closing_get("/plain"); }
    SUBCASE("of a file") { request = keeping_get("/file"); }
    SUBCASE("of the last file") { request = closing_get("/file"); }
    SUBCASE("of a streamed body") { request = closing_get("/stream"); }
    return request;
}

} // namespace

TEST_CASE_FIXTURE(slow_reader_fixture, "a response may take any time while its peer continues to read it") {
    const std::string request = any_large_answer();
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
    pass(30s); // it has only been idle since now
    CHECK(answer(client, test_support::echo_hi) == "hi");
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a peer that stops reading is aborted, but not before its time") {
    const std::string request = any_large_answer();
    auto client = socket_client::small(port);
    client.send(request);
    REQUIRE(until([this] { return asked == 1; }));
    pass(29s);
    CHECK(counters.open == 1);
    // The kernels may still have moved some bytes in the meantime, which counts.
    for (int i = 0; i < 20 && counters.open != 0; ++i) pass(30s);
    CHECK(counters.open == 0);
    CHECK(client.rest().size() < large);
}

TEST_CASE_FIXTURE(slow_reader_fixture, "a stop doesn't wait for such a peer, whatever it has sent") {
    auto client = socket_client::small(port);
    client.send(keeping_get("/plain"));
    REQUIRE(until([this] { return asked == 1; }));
    client.send(keeping_get("/plain")); // not read while the first response waits
    client.await_delivery();
    serving->drain([] {});
    pass(29s);
    CHECK(counters.open == 1);
    for (int i = 0; i < 20 && counters.open != 0; ++i) pass(30s);
    CHECK(counters.open == 0);
    CHECK(asked == 1);
}
