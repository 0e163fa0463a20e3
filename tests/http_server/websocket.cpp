// SPDX-License-Identifier: MIT
// labels: concurrency
// WebSockets over real sockets, spoken to by Boost.Beast's client: another reading of the same RFC.
#include "http_server/beast_client.hpp"
#include "http_server/echo_handler.hpp"
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/websocket.hpp>
#include <weir/http/websocket_rooms.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::beast_client;
namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

struct websocket_server_fixture {
    router routes;
    websocket_rooms rooms;
    test_support::watched_echo echo;
    loop control;
    std::unique_ptr<server> running;
    std::mutex mutex;
    std::set<std::thread::id> loops; // that have members

    websocket_server_fixture() {
        routes.get("/echo", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return echo.run(peer); }, {.max_message = 8 * 1024 * 1024});
        });
        routes.get("/chat/{room}", [this](websocket_upgrade upgrade, path<"room", std::string> room) {
            return upgrade.accept([this, room = *room](websocket& peer) { return chat(peer, room); });
        });
        server_options options;
        options.address = "127.0.0.1";
        options.port = 0;
        options.loops = 2;
        running = std::make_unique<server>(routes, options);
        running->start().value();
    }

    task<void> chat(websocket& peer, std::string room) {
        const room_seat seat = rooms.join(room, peer);
        {
            const std::lock_guard lock(mutex);
            loops.insert(std::this_thread::get_id());
        }
        co_await peer.send("welcome");
        for (;;) {
            auto message = co_await peer.receive();
            if (!message) co_return;
            rooms.broadcast(room, message->data).value();
        }
    }

    std::uint16_t port() const { return running->port(); }
};

} // namespace

TEST_CASE_FIXTURE(websocket_server_fixture, "Beast's client and weir understand each other") {
    beast_client client(port(), "/echo");
    std::string ponged;
    client.on_control([&](beast::websocket::frame_type kind, beast::string_view what) {
        if (kind == beast::websocket::frame_type::pong) ponged.append(what.data(), what.size());
    });
    client.send("hello");
    CHECK(client.receive() == "hello");
    client.send("");
    CHECK(client.receive().empty());
    client.send_in_parts("a message in parts", 7);
    CHECK(client.receive() == "a message in parts");
    CHECK(ponged == "betweenbetween");
    client.send_binary(std::string("\xff\0", 2));
    CHECK(client.receive() == std::string("\xff\0", 2));
    CHECK(client.got_binary());
    client.close(beast::websocket::close_code::normal);
    CHECK(echo.end() == 1000);
}

TEST_CASE_FIXTURE(websocket_server_fixture, "messages larger than the socket's buffers arrive whole, both ways") {
    beast_client client(port(), "/echo");
    std::string big(6 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 >> 3);
    for (int i = 0; i < 2; ++i) {
        client.send_binary(big);
        CHECK(client.receive() == big);
    }
    client.close(beast::websocket::close_code::going_away);
    CHECK(echo.end() == 1001);
}

TEST_CASE_FIXTURE(websocket_server_fixture, "a client that vanishes ends its handler") {
    auto client = std::make_unique<beast_client>(port(), "/echo");
    client->send("x");
    CHECK(client->receive() == "x");
    SUBCASE("with a FIN") { client->socket().close(); }
    SUBCASE("with a reset") {
        client->socket().set_option(asio::socket_base::linger(true, 0));
        client->socket().close();
    }
    CHECK(echo.end() == 1006);
}

TEST_CASE_FIXTURE(websocket_server_fixture, "a stopping server says goodbye to every WebSocket and is soon done") {
    beast_client client(port(), "/echo");
    client.send("x");
    CHECK(client.receive() == "x");
    auto told = std::async(std::launch::async, [&] { return client.await_close(); });
    const auto stopped = control.block_on(running->stop(control.clock().now() + 20s));
    CHECK(stopped);
    CHECK(told.get() == 1001);
    CHECK(running->stats().cut == 0);
}

TEST_CASE_FIXTURE(websocket_server_fixture, "members on two loops hear every broadcast, all in the same order") {
    std::vector<std::unique_ptr<beast_client>> members;
    // The kernel spreads connections over the loops by their addresses: until both have some.
    for (std::size_t have = 0; members.size() < 64 && (have < 2 || members.size() < 8);) {
        members.push_back(std::make_unique<beast_client>(port(), "/chat/tea"));
        CHECK(members.back()->receive() == "welcome");
        const std::lock_guard lock(mutex);
        have = loops.size();
    }
    REQUIRE(loops.size() == 2);
    CHECK(rooms.size("tea") == members.size());

    constexpr int each = 20;
    std::vector<std::thread> talkers;
    for (std::size_t who = 0; who < 2; ++who)
        talkers.emplace_back([&, who] {
            for (int i = 0; i < each; ++i) members[who]->send(std::to_string(who) + ":" + std::to_string(i));
        });
    talkers.emplace_back([&] {
        for (int i = 0; i < each; ++i) rooms.broadcast("tea", "all:" + std::to_string(i)).value();
    });
    for (auto& one : talkers) one.join();

    std::vector<std::string> first;
    for (int i = 0; i < 3 * each; ++i) first.push_back(members[0]->receive());
    for (std::size_t i = 1; i < members.size(); ++i) {
        std::vector<std::string> heard;
        for (int k = 0; k < 3 * each; ++k) heard.push_back(members[i]->receive());
        CHECK(heard == first);
    }
    CHECK(rooms.dropped() == 0);
}
