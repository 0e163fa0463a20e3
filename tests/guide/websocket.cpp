// SPDX-License-Identifier: MIT
#include <weir/http/router.hpp>
#include <weir/http/websocket.hpp>
#include <weir/http/websocket_rooms.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

void add_chat(weir::router& app, weir::http::websocket_rooms& rooms) {
    app.get("/chat/{room}", [&rooms](weir::websocket_upgrade upgrade, weir::path<"room", std::string> room) {
        return upgrade.accept([&rooms, room = *room](weir::websocket& peer) -> weir::task<void> {
            const auto seat = rooms.join(room, peer);
            while (auto message = co_await peer.receive()) rooms.broadcast(room, message->data);
        });
    });
}

TEST_CASE("the guide's chat opens for WebSocket and tells others what it is for") {
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
