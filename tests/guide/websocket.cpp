// SPDX-License-Identifier: MIT
#include "support/websocket_frames.hpp"
#include <weir/http/router.hpp>
#include <weir/http/websocket.hpp>
#include <weir/http/websocket_rooms.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>

void add_chat(weir::router& app, weir::http::websocket_rooms& rooms) {
    app.get("/chat/{room}", [&rooms](weir::websocket_upgrade upgrade, weir::path<"room", std::string> room) {
        return upgrade.accept([&rooms, room = *room](weir::websocket& peer) -> weir::task<void> {
            const auto seat = rooms.join(room, peer);
            while (auto message = co_await peer.receive()) co_await rooms.send(room, message->data);
        });
    });
}

TEST_CASE("the guide's chat accepts WebSocket handshakes and refuses other requests") {
    weir::http::websocket_rooms rooms;
    weir::router app;
    add_chat(app, rooms);
    weir::test_client client(app);
    CHECK(client.get("/chat/lobby").status == 426);
    client.write("GET /chat/lobby HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    client.poll();
    CHECK(client.output().find("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
    CHECK(rooms.size("lobby") == 1);
}

namespace {

// A guest of the guide's chat on a separate connection.
struct guest {
    explicit guest(weir::router& app, const char* room) : client(app) {
        client.write(test_support::handshake(room));
        client.poll();
        CHECK(client.output().starts_with("HTTP/1.1 101 "));
    }
    void say(std::string_view text) {
        client.write(test_support::client_frame(1, text));
        client.poll();
    }
    std::string heard() {
        client.poll();
        return client.output();
    }

    weir::test_client client;
};

} // namespace

TEST_CASE("a message in the guide's chat reaches every guest in its room and no other guest") {
    weir::http::websocket_rooms rooms;
    weir::router app;
    add_chat(app, rooms);
    guest ann(app, "/chat/lobby");
    guest bob(app, "/chat/lobby");
    guest eve(app, "/chat/kitchen");
    CHECK(rooms.size("lobby") == 2);
    CHECK(rooms.size("kitchen") == 1);

    ann.say("good morning");
    bob.say("hi");
    const std::string both = test_support::server_frame(1, "good morning") + test_support::server_frame(1, "hi");
    CHECK(bob.heard() == both);
    CHECK(ann.heard() == both);
    CHECK(eve.heard().empty());

    bob.client.write(test_support::client_frame(8, test_support::close_payload(1000)));
    CHECK(bob.heard() == test_support::server_close(1000));
    CHECK(bob.client.closed());
    CHECK(rooms.size("lobby") == 1);
    ann.say("gone already?");
    CHECK(ann.heard() == test_support::server_frame(1, "gone already?"));
}
