// SPDX-License-Identifier: MIT
// labels: concurrency
// WebSockets over real sockets, with Boost.Beast's client: an independent implementation of the RFC.
#include "integration/http/beast_client.hpp"
#include "integration/http/echo_handler.hpp"
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/websocket.hpp>
#include <weir/http/websocket_rooms.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
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
    std::vector<loop*> homes; // of the members, in the order they joined

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
        const executor here = co_await this_task;
        const room_seat seat = rooms.join(room, peer);
        {
            const std::lock_guard lock(mutex);
            homes.push_back(&here.context().loop());
        }
        co_await peer.send("welcome");
        for (;;) {
            auto message = co_await peer.receive();
            if (!message) co_return;
            rooms.broadcast(room, message->data).value();
        }
    }

    // The kernel spreads connections over the loops by their addresses: connects until both have some.
    std::vector<std::unique_ptr<beast_client>> members_on_two_loops() {
        std::vector<std::unique_ptr<beast_client>> members;
        while (members.size() < 64 && (loops() < 2 || members.size() < 8)) {
            members.push_back(std::make_unique<beast_client>(port(), "/chat/tea"));
            CHECK(members.back()->receive() == "welcome");
        }
        REQUIRE(loops() == 2);
        return members;
    }
    std::size_t loops() {
        const std::lock_guard lock(mutex);
        return std::set<loop*>(homes.begin(), homes.end()).size();
    }

    std::uint16_t port() const { return running->port(); }
};

/// Keeps a loop busy until it is released.
class held_loop {
public:
    explicit held_loop(loop& which) {
        which.post([until = released_.get_future().share(), held = held_] {
            held->set_value();
            until.wait_for(20s);
        });
        REQUIRE(held_->get_future().wait_for(20s) == std::future_status::ready);
    }
    ~held_loop() { release(); }
    void release() {
        if (!std::exchange(free_, true)) released_.set_value();
    }

private:
    std::promise<void> released_;
    std::shared_ptr<std::promise<void>> held_ = std::make_shared<std::promise<void>>();
    bool free_ = false;
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

TEST_CASE_FIXTURE(websocket_server_fixture,
                  "messages larger than the socket's buffers arrive whole, in both directions") {
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

TEST_CASE_FIXTURE(websocket_server_fixture, "a stopping server closes every WebSocket and is soon done") {
    beast_client client(port(), "/echo");
    client.send("x");
    CHECK(client.receive() == "x");
    auto told = std::async(std::launch::async, [&] { return client.await_close(); });
    const auto stopped = control.block_on(running->stop(control.clock().now() + 20s));
    CHECK(stopped);
    CHECK(told.get() == 1001);
    CHECK(running->stats().aborted == 0);
}

TEST_CASE_FIXTURE(websocket_server_fixture, "members on two loops receive every broadcast, all in the same order") {
    const auto members = members_on_two_loops();
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

TEST_CASE_FIXTURE(websocket_server_fixture, "members of a loop that doesn't deliver are closed, the others continue") {
    const auto members = members_on_two_loops();
    loop& stuck = *homes.front();
    held_loop held(stuck);
    const auto are_stuck = static_cast<std::size_t>(std::ranges::count(homes, &stuck));

    const std::string piece(64 * 1024, 'x');
    bool whole = true;
    for (int i = 0; i < 100; ++i) {
        const std::string said = std::to_string(i) + piece;
        rooms.broadcast("tea", said).value();
        for (std::size_t who = 0; who < members.size(); ++who)
            if (homes[who] != &stuck) whole = whole && members[who]->receive() == said;
    }
    CHECK(whole);
    CHECK(rooms.size("tea") == members.size() - are_stuck);

    held.release();
    for (std::size_t who = 0; who < members.size(); ++who)
        if (homes[who] == &stuck) CHECK(members[who]->await_close() == 1013);
    CHECK(rooms.dropped() == are_stuck);
}

TEST_CASE_FIXTURE(websocket_server_fixture,
                  "a sender that is faster than a loop waits for it, and all members receive everything") {
    const auto members = members_on_two_loops();
    held_loop held(*homes.front());
    const std::string piece(16 * 1024, 'x');
    std::vector<std::thread> readers;
    std::vector<int> heard(members.size());
    for (std::size_t who = 0; who < members.size(); ++who)
        readers.emplace_back([&, who] {
            for (int i = 0; i < 200; ++i)
                if (members[who]->receive() == std::to_string(i) + piece) ++heard[who];
        });

    int sent = 0;
    auto flood = [&]() -> task<void> {
        for (; sent < 200; ++sent) {
            const std::string said = std::to_string(sent) + piece;
            const auto listening = co_await rooms.send("tea", said);
            CHECK(listening.value() == members.size());
        }
    };
    const auto stays = asio::make_work_guard(control.io());
    control.spawn(flood());
    control.poll();
    CHECK(sent == 3); // 64 KiB including their overhead
    control.poll();
    CHECK(sent == 3);
    held.release();
    while (sent < 200 && control.run_one()) {
    }
    for (auto& one : readers) one.join();
    CHECK(heard == std::vector<int>(members.size(), 200));
    CHECK(rooms.dropped() == 0);
}
