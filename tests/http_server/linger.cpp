// SPDX-License-Identifier: MIT
// How long a connection that has said its last word listens on, so that the word isn't lost to a reset.
#include "http_server/worker_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

// One that was told 413 and an end, and goes on sending.
struct linger_fixture : worker_fixture {
    socket_client client{port};

    linger_fixture() {
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
        const auto told = meanwhile([this] { return client.receive().status; });
        CHECK(told == 413);
        CHECK(meanwhile([this] { return client.at_end(); }));
        CHECK(counters.open == 1);
    }
    // All of it has been read by the server afterwards.
    void send(std::size_t size) {
        for (std::size_t piece = 0; size != 0; size -= piece) {
            piece = std::min<std::size_t>(size, 16 * 1024);
            client.send(std::string(piece, 'x'));
            client.await_delivery();
            for (int i = 0; i < 10; ++i) serving->loop().poll();
        }
    }
};

} // namespace

TEST_CASE_FIXTURE(linger_fixture, "a peer that sends on after its answer is read from up to 256 KiB") {
    send(255 * 1024);
    CHECK(counters.open == 1);
    send(2 * 1024);
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(linger_fixture, "and no longer than a second, whether it sends or not") {
    bool sends = false;
    SUBCASE("it sends") { sends = true; }
    SUBCASE("it doesn't") {}
    for (int i = 0; i < 3; ++i) {
        pass(sweep);
        if (sends) send(1);
        CHECK(counters.open == 1);
    }
    pass(2 * sweep);
    CHECK(counters.open == 0);
}
