// SPDX-License-Identifier: MIT
// How long a connection keeps reading after its last response, so that a reset doesn't destroy the response.
#include "integration/http/worker_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

// A client that has received 413 and the end, and continues to send.
struct linger_fixture : worker_fixture {
    socket_client client{port};

    linger_fixture() {
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
        const auto told = meanwhile([this] { return client.receive().status; });
        CHECK(told == 413);
        CHECK(meanwhile([this] { return client.at_end(); }));
        CHECK(counters.open == 1);
    }
    // Returns once the server has read all of it.
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

TEST_CASE_FIXTURE(linger_fixture, "a peer that continues to send after its response is read from up to 64 MiB") {
    const std::string piece(1024 * 1024, 'x');
    const auto upload = [&](int pieces) {
        return meanwhile([&] {
            for (int i = 0; i < pieces; ++i) client.send(piece);
            client.await_delivery();
        });
    };
    upload(60);
    CHECK(counters.open == 1);
    CHECK_THROWS(upload(20)); // it is reset
    CHECK(until([this] { return counters.open == 0; }));
}

TEST_CASE_FIXTURE(linger_fixture, "a peer that continues to send is read from for at most five seconds") {
    for (int i = 0; i < 19; ++i) {
        pass(sweep);
        send(1);
        CHECK(counters.open == 1);
    }
    pass(2 * sweep);
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(linger_fixture, "a silent peer is read from for one second") {
    pass(3 * sweep);
    CHECK(counters.open == 1);
    pass(2 * sweep);
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(worker_fixture, "a fast upload of 5 MiB reads its early refusal instead of a reset") {
    const auto answer = meanwhile([this] {
        socket_client client(port);
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5242880\r\n\r\n");
        client.send(std::string(5242880, 'x'));
        return client.receive();
    });
    CHECK(answer.status == 413);
    CHECK(answer.header("connection") == "close");
}
