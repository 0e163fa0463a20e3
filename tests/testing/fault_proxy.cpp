// SPDX-License-Identifier: MIT
#include "support/scripted_server.hpp"
#include <weir/testing/fault_proxy.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <future>

using namespace weir::testing;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test_support::peer;
using test_support::scripted_server;

namespace {

// The client end: a blocking socket with as little logic as possible.
class raw_client {
public:
    explicit raw_client(std::uint16_t port) {
        socket_.connect({boost::asio::ip::address_v4::loopback(), port}, failed);
    }

    // May run concurrently with a read, which notices a failed send.
    void send(std::string_view bytes) {
        boost::system::error_code unsent;
        boost::asio::write(socket_, boost::asio::buffer(bytes), unsent);
    }

    std::string read(std::size_t size) {
        std::string got(size, '\0');
        got.resize(boost::asio::read(socket_, boost::asio::buffer(got), failed));
        return got;
    }

    std::string read_to_end() {
        std::string all;
        while (!failed) all += read(1);
        return all;
    }

    // Sends until all buffers on the way are full; returns the number of bytes.
    std::size_t fill() {
        socket_.non_blocking(true);
        const std::string block(64 * 1024, 'x');
        std::size_t sum = 0;
        while (!failed) sum += socket_.write_some(boost::asio::buffer(block), failed);
        return sum;
    }

    boost::system::error_code failed;

private:
    boost::asio::io_context io_;
    tcp::socket socket_{io_};
};

void echo(peer& link) {
    while (true) link.send(link.receive_some());
}

struct echo_fixture {
    scripted_server server{echo};
    fault_proxy line{server.port()};
};

auto elapsed_since(std::chrono::steady_clock::time_point begin) { return std::chrono::steady_clock::now() - begin; }

} // namespace

TEST_CASE_FIXTURE(echo_fixture, "without a fault everything passes, and connections and bytes are counted") {
    std::string long_text;
    for (int i = 0; i < 20000; ++i) long_text += std::to_string(i);
    raw_client first(line.port());
    raw_client second(line.port());
    std::thread sender([&] { first.send(long_text); });
    CHECK(first.read(long_text.size()) == long_text);
    sender.join();
    second.send("x");
    CHECK(second.read(1) == "x");
    const auto seen = line.stats();
    CHECK(seen.accepted == 2);
    CHECK(seen.open == 2);
    CHECK(seen.read_from_client == long_text.size() + 1);
    CHECK(line.wait_until([&](const auto& now) { return now.sent_to_client == long_text.size() + 1; }));
}

TEST_CASE_FIXTURE(echo_fixture, "the end of the stream passes on") {
    {
        raw_client client(line.port());
        client.send("x");
        CHECK(client.read(1) == "x");
    }
    CHECK(line.wait_until([](const auto& now) { return now.open == 0; }));
}

TEST_CASE_FIXTURE(echo_fixture, "refuse() refuses connections, keeps the port, and leaves open connections alone") {
    raw_client before(line.port());
    REQUIRE(line.wait_until([](const auto& now) { return now.accepted == 1; }));
    line.refuse();
    CHECK(raw_client(line.port()).failed == boost::asio::error::connection_refused);
    before.send("x");
    CHECK(before.read(1) == "x");
    line.heal();
    raw_client after(line.port());
    after.send("y");
    CHECK(after.read(1) == "y");
}

TEST_CASE_FIXTURE(echo_fixture, "deaf() accepts and never reads, until heal()") {
    line.set(direction::to_upstream, fault::deaf());
    raw_client client(line.port());
    CHECK(client.fill() > 0);
    CHECK(client.failed == boost::asio::error::would_block);
    CHECK(line.stats().read_from_client == 0);
    line.heal();
    CHECK(line.wait_until([](const auto& now) { return now.read_from_client > 0; }));
}

TEST_CASE_FIXTURE(echo_fixture,
                  "a black hole reads everything and forwards nothing; it can open and close on one connection") {
    raw_client client(line.port());
    client.send("a");
    CHECK(client.read(1) == "a");
    line.set(direction::to_upstream, fault::blackhole());
    client.send("lost");
    REQUIRE(line.wait_until([](const auto& now) { return now.read_from_client == 5; }));
    line.heal();
    client.send("b");
    CHECK(client.read(1) == "b");
    CHECK(line.stats().sent_to_upstream == 2);
}

TEST_CASE_FIXTURE(echo_fixture, "a delay holds back every piece") {
    line.set(direction::to_client, fault::delay(20ms));
    raw_client client(line.port());
    for (int i = 0; i < 2; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        client.send("x");
        CHECK(client.read(1) == "x");
        CHECK(elapsed_since(begin) >= 20ms);
    }
}

TEST_CASE_FIXTURE(echo_fixture, "healing ends a delay at once") {
    line.set(direction::to_client, fault::delay(1h));
    raw_client client(line.port());
    client.send("x");
    REQUIRE(line.wait_until([](const auto& now) { return now.read_from_upstream == 1; }));
    line.heal();
    CHECK(client.read(1) == "x");
}

TEST_CASE_FIXTURE(echo_fixture, "a trickle forwards a few bytes at a time") {
    line.set(direction::to_client, fault::trickle(2, 5ms));
    raw_client client(line.port());
    const auto begin = std::chrono::steady_clock::now();
    client.send("0123456789");
    CHECK(client.read(10) == "0123456789");
    CHECK(elapsed_since(begin) >= 20ms); // four pauses before the last pair
}

TEST_CASE_FIXTURE(echo_fixture, "slices arrive as the original bytes") {
    line.set(fault::slice(1));
    raw_client client(line.port());
    client.send("hello world");
    CHECK(client.read(11) == "hello world");
}

TEST_CASE_FIXTURE(echo_fixture, "one byte is corrupted, counted from when the fault was set") {
    raw_client client(line.port());
    client.send("0123");
    CHECK(client.read(4) == "0123");
    line.set(direction::to_client, fault::corrupt(2));
    client.send("abc");
    client.send("def");
    const std::string got = client.read(6);
    CHECK(got.substr(0, 2) == "ab");
    CHECK(static_cast<unsigned char>(got[2]) == (0xff ^ 'c'));
    CHECK(got.substr(3) == "def");
}

TEST_CASE("a cut ends both sides in order after exactly that many bytes") {
    std::promise<void> upstream_saw_the_end;
    scripted_server server([&](peer& link) {
        link.send("0123456789");
        link.wait_until_gone();
        upstream_saw_the_end.set_value();
    });
    fault_proxy line(server.port());
    line.set(direction::to_client, fault::cut_after(4));
    {
        raw_client client(line.port());
        CHECK(client.read_to_end() == "0123");
        CHECK(client.failed == boost::asio::error::eof);
    }
    upstream_saw_the_end.get_future().get();
    CHECK(line.wait_until([](const auto& now) { return now.open == 0; }));
}

TEST_CASE_FIXTURE(echo_fixture, "a cut of the request forwards its first bytes") {
    line.set(direction::to_upstream, fault::cut_after(3));
    raw_client client(line.port());
    client.send("0123456789");
    client.read_to_end();
    CHECK(client.failed == boost::asio::error::eof);
    CHECK(line.stats().sent_to_upstream == 3);
}

TEST_CASE_FIXTURE(echo_fixture, "a reset reaches the client as a reset") {
    line.set(direction::to_client, fault::reset_after(0));
    raw_client client(line.port());
    client.send("x");
    CHECK(client.read_to_end().empty());
    CHECK(client.failed == boost::asio::error::connection_reset);
}

TEST_CASE_FIXTURE(echo_fixture, "all open connections can be reset at once") {
    raw_client first(line.port());
    raw_client second(line.port());
    for (raw_client* one : {&first, &second}) {
        one->send("x");
        CHECK(one->read(1) == "x");
    }
    line.reset_all();
    for (raw_client* one : {&first, &second}) {
        one->read_to_end();
        CHECK(one->failed == boost::asio::error::connection_reset);
    }
    CHECK(line.wait_until([](const auto& now) { return now.open == 0; }));
}

TEST_CASE("a client whose upstream can't be reached is reset") {
    std::uint16_t port = 0;
    {
        scripted_server server(echo);
        port = server.port();
    }
    fault_proxy line(port);
    raw_client client(line.port());
    client.read_to_end();
    CHECK(client.failed == boost::asio::error::connection_reset);
}

TEST_CASE_FIXTURE(echo_fixture, "a condition that never holds ends the wait at its limit") {
    CHECK(!line.wait_until([](const auto& now) { return now.accepted > 0; }, 1ms));
}
