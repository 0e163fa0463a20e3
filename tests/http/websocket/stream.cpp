// SPDX-License-Identifier: MIT
#include "http/websocket/room_branch.hpp"
#include "support/allocation_count.hpp"
#include "support/stubborn_wire.hpp"
#include "support/websocket_frames.hpp"
#include "support/websocket_listener.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/router.hpp>
#include <weir/http/websocket.hpp>
#include <weir/http/websocket_rooms.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::client_frame;
using test_support::close_payload;
using test_support::handshake;
using test_support::server_close;
using test_support::server_frame;
using test_support::stubborn_wire;
namespace asio = boost::asio;

namespace {

using namespace test_support::opcode;

struct websocket_fixture : test_support::websocket_listener {
    manual_clock time;
    router app;
    std::vector<std::string> heard;
    error sent; // the result of the last send
    std::vector<http::exchange_summary> ends;
    websocket_rooms rooms{{.unsent = 100'000}};
    std::unique_ptr<websocket> kept;

    websocket_fixture() {
        middleware witness;
        witness.done = [this](const request&, const response&, const http::exchange_summary& how) {
            ends.push_back(how);
        };
        app.use(witness);
        app.get("/echo", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return echo(peer); });
        });
        app.get("/small", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return echo(peer); }, {.max_message = 8});
        });
        app.get("/unpinged", [this](websocket_upgrade upgrade) {
            return upgrade.accept(
                [this](websocket& peer) { return echo(peer); }, {.message_within = 20s, .ping_after = 0s});
        });
        app.get("/often", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return echo(peer); }, {.ping_after = 5s});
        });
        app.get("/patient", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return echo(peer); }, {.message_within = 0s});
        });
        app.get("/later", [this](websocket_upgrade upgrade) -> task<response> {
            co_await sleep_for(1s);
            co_return upgrade.accept([this](websocket& peer) { return echo(peer); });
        });
        app.get("/spoken", [](websocket_upgrade upgrade) {
            return upgrade.accept([](websocket& peer) -> task<void> { co_await peer.send(peer.subprotocol()); },
                                  {.subprotocols = {"v2", "v1"}, .origins = {"https://shop.example"}});
        });
        app.get("/anybody", [](websocket_upgrade upgrade) {
            return upgrade.accept([](websocket&) -> task<void> { co_return; }, {.any_origin = true});
        });
        app.get("/bye", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) -> task<void> {
                peer.close(4000, "enough");
                co_await listen(peer);
            });
        });
        app.get("/breaks", [](websocket_upgrade upgrade) {
            return upgrade.accept([](websocket& peer) -> task<void> {
                co_await peer.receive();
                throw std::runtime_error("the handler broke");
            });
        });
        app.get("/deaf", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) -> task<void> {
                kept = std::make_unique<websocket>(peer);
                const auto slept = co_await sleep_for(1000s);
                if (!slept) ended = slept.error();
            });
        });
        app.get("/burst", [](websocket_upgrade upgrade) {
            return upgrade.accept([](websocket& peer) -> task<void> {
                while (co_await peer.receive())
                    for (int i = 0; i < 10; ++i) {
                        const std::string number = std::to_string(i);
                        co_await peer.send(number);
                    }
            });
        });
        app.get("/flood", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return flood(peer); });
        });
        app.get("/chat/{room}", [this](websocket_upgrade upgrade, path<"room", std::string> room) {
            return upgrade.accept([this, room = *room](websocket& peer) { return chat(peer, room); });
        });
    }

    task<void> listen(websocket& peer) {
        while (auto message = co_await next(peer)) heard.push_back(message->data);
    }

    task<void> echo(websocket& peer) {
        while (auto message = co_await next(peer)) {
            heard.push_back(message->data);
            if (message->binary)
                co_await peer.send_binary(message->data);
            else
                co_await peer.send(message->data);
        }
    }

    task<void> flood(websocket& peer) {
        const std::string piece(16 * 1024, 'x');
        result<void> outcome = ok();
        for (int i = 0; i < 64 && outcome; ++i) outcome = co_await peer.send(piece);
        if (!outcome) sent = outcome.error();
        heard.push_back("sent");
    }

    task<void> chat(websocket& peer, std::string room) {
        const room_seat seat = rooms.join(room, peer);
        for (;;) {
            auto message = co_await peer.receive();
            if (!message) co_return;
            rooms.broadcast(room, message->data).value();
        }
    }

    test_client client() { return test_client(app, {.clock = &time}); }

    // The status of a handshake from a page of this origin.
    int status_for(std::string_view target, const std::string& origin) {
        auto peer = client();
        peer.write(handshake(target, "Origin: " + origin + "\r\n"));
        return peer.receive().status;
    }

    // The server's output in return.
    static std::string feed(test_client& peer, std::string_view bytes) {
        peer.write(bytes);
        peer.poll();
        return peer.output();
    }
    static void open(test_client& peer, std::string_view target, std::string_view more_fields = {}) {
        peer.write(handshake(target, more_fields));
        REQUIRE(peer.receive().status == 101);
        peer.poll();
    }
    std::string after(test_client& peer, duration by) {
        time.advance(by);
        peer.poll();
        return peer.output();
    }
};

std::string without(std::string bytes, std::string_view line, std::string_view instead = {}) {
    return bytes.replace(bytes.find(line), line.size(), instead);
}

} // namespace

TEST_CASE_FIXTURE(websocket_fixture, "the handshake is answered as in RFC 6455 section 1.3") {
    auto peer = client();
    peer.write(handshake("/echo"));
    const auto res = peer.receive();
    CHECK(res.status == 101);
    CHECK(res.header("upgrade") == "websocket");
    CHECK(res.header("connection") == "upgrade");
    CHECK(res.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(res.header("content-length").empty());
    CHECK(res.header("sec-websocket-protocol").empty());
}

TEST_CASE_FIXTURE(websocket_fixture, "a request that isn't a handshake is answered with how to make one") {
    const std::string whole = handshake("/echo");
    const std::pair<std::string, int> cases[] = {
        {without(whole, "Upgrade: websocket\r\n"), 426},
        {without(whole, "Upgrade: websocket", "Upgrade: h2c"), 426},
        {without(whole, "Connection: keep-alive, Upgrade", "Connection: keep-alive"), 426},
        {without(whole, "Version: 13", "Version: 8"), 426},
        {without(whole, "Sec-WebSocket-Version: 13\r\n"), 426},
        {without(whole, "HTTP/1.1", "HTTP/1.0"), 426},
        {without(whole, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), 400},
        {without(whole, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"), 400},
        {without(whole, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400},
        {without(whole, "Sec-WebSocket-Key:", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key:"),
         400},
        {without(whole, "GET", "HEAD"), 400},
    };
    for (const auto& one : cases) {
        const std::string& bytes = one.first;
        const int status = one.second;
        CAPTURE(bytes);
        auto peer = client();
        peer.write(bytes);
        const auto res = peer.receive(bytes.starts_with("HEAD"));
        CHECK(res.status == status);
        CHECK(res.header("sec-websocket-version") == (status == 426 ? "13" : ""));
        CHECK(res.header("upgrade") == (status == 426 ? "websocket" : ""));
    }
}

TEST_CASE_FIXTURE(websocket_fixture, "a page of another site can't open a socket with the user's cookies") {
    CHECK(status_for("/echo", "http://a") == 101);
    CHECK(status_for("/echo", "https://a") == 101); // TLS may have ended at a proxy
    CHECK(status_for("/echo", "https://A") == 101);
    CHECK(status_for("/echo", "https://evil.example") == 403);
    CHECK(status_for("/echo", "https://a:8443") == 403);
    CHECK(status_for("/echo", "https://a.evil.example") == 403);
    CHECK(status_for("/echo", "null") == 403);
    CHECK(status_for("/echo", "a") == 403);
    CHECK(status_for("/echo", "file://a") == 403);
    CHECK(status_for("/spoken", "https://shop.example") == 101);
    CHECK(status_for("/spoken", "http://shop.example") == 403);
    CHECK(status_for("/anybody", "https://evil.example") == 101);
}

TEST_CASE_FIXTURE(websocket_fixture, "the origin is compared with an absolute target's host, not the Host field") {
    CHECK(status_for("http://shop.example/echo", "https://shop.example") == 101);
    CHECK(status_for("http://shop.example/echo", "https://a") == 403);
}

TEST_CASE_FIXTURE(websocket_fixture, "an origin and a host are equal if one includes its scheme's default port") {
    CHECK(status_for("http://a:443/echo", "https://a") == 101);
    CHECK(status_for("http://a:80/echo", "http://a") == 101);
    CHECK(status_for("http://[::1]:443/echo", "https://[::1]") == 101);
    CHECK(status_for("http://[::1]/echo", "https://[::1]:443") == 101);
    CHECK(status_for("/echo", "https://a:443") == 101);
    CHECK(status_for("/echo", "HTTP://a:80") == 101);
    CHECK(status_for("http://a:443/echo", "https://a:443") == 101);
    CHECK(status_for("http://a:80/echo", "https://a") == 403);
    CHECK(status_for("http://a:443/echo", "http://a") == 403);
    CHECK(status_for("/echo", "https://a:80") == 403);
    CHECK(status_for("/echo", "https://a:4433") == 403);
    CHECK(status_for("http://a:8443/echo", "https://a") == 403);
    CHECK(status_for("/spoken", "https://shop.example:443") == 101);
    CHECK(status_for("/spoken", "https://shop.example:80") == 403);
}

TEST_CASE_FIXTURE(websocket_fixture, "an origin with its own scheme is accepted if it is listed as sent") {
    app.get("/mini", [](websocket_upgrade upgrade) {
        return upgrade.accept([](websocket&) -> task<void> { co_return; }, {.origins = {"miniprogram://wx12345"}});
    });
    CHECK(status_for("/mini", "miniprogram://wx12345") == 101);
    CHECK(status_for("/mini", "miniprogram://wx6789") == 403);
    CHECK(status_for("/mini", "miniprogram://a") == 403); // the service's host, but not its page
}

TEST_CASE("an upgrade whose status a layer has changed is a 500, and no other protocol follows it") {
    router app;
    app.use([](request&, response& res) { res.status = 200; });
    app.get("/", [](websocket_upgrade upgrade) {
        return upgrade.accept([](websocket& peer) -> task<void> { co_await peer.send("hi"); });
    });
    test_client peer(app);
    peer.write(handshake("/"));
    CHECK(peer.receive().status == 500);
    peer.poll();
    CHECK(peer.output().empty());
}

TEST_CASE_FIXTURE(websocket_fixture, "the server's preferred subprotocol among those offered is used") {
    auto peer = client();
    peer.write(handshake("/spoken", "Sec-WebSocket-Protocol: v1, v3\r\nSec-WebSocket-Protocol: v2\r\n"));
    CHECK(peer.receive().header("sec-websocket-protocol") == "v2");
    peer.poll();
    CHECK(peer.output() == server_frame(text, "v2") + server_close(1000));

    auto stranger = client();
    stranger.write(handshake("/spoken", "Sec-WebSocket-Protocol: v3\r\n"));
    CHECK(stranger.receive().header("sec-websocket-protocol").empty());
}

TEST_CASE_FIXTURE(websocket_fixture, "messages are exchanged whole, text and bytes") {
    auto peer = client();
    open(peer, "/echo");
    CHECK(feed(peer, client_frame(text, "hello")) == server_frame(text, "hello"));
    CHECK(feed(peer, client_frame(binary, "\xff")) == server_frame(binary, "\xff"));
    CHECK(feed(peer, client_frame(text, "one ", false)).empty());
    CHECK(feed(peer, client_frame(ping, "?")) == server_frame(pong, "?"));
    CHECK(feed(peer, client_frame(more, "two")) == server_frame(text, "one two"));
    CHECK(feed(peer, client_frame(pong, "unasked")).empty());
    CHECK(feed(peer, client_frame(text, "a") + client_frame(text, "b")) ==
          server_frame(text, "a") + server_frame(text, "b"));
    CHECK(!peer.closed());
}

TEST_CASE_FIXTURE(websocket_fixture,
                  "the conversation is the same wherever its bytes are split, including the handshake") {
    const std::string bytes =
        handshake("/echo") + client_frame(text, "ab", false) + client_frame(ping, "?") + client_frame(more, "cd") +
        client_frame(binary, "ef") + client_frame(closing, close_payload(1000));
    const std::string expected =
        server_frame(pong, "?") + server_frame(text, "abcd") + server_frame(binary, "ef") + server_close(1000);
    for (std::size_t split = 1; split < bytes.size(); ++split) {
        CAPTURE(split);
        auto peer = client();
        peer.write(std::string_view(bytes).substr(0, split));
        peer.poll();
        peer.write(std::string_view(bytes).substr(split));
        CHECK(peer.receive().status == 101);
        peer.poll();
        CHECK(peer.output() == expected);
        CHECK(peer.closed());
    }
}

TEST_CASE_FIXTURE(websocket_fixture, "a coroutine handler may accept as well") {
    auto peer = client();
    CHECK(feed(peer, handshake("/later") + client_frame(text, "early")).empty());
    CHECK(after(peer, 1s).ends_with("\r\n\r\n" + server_frame(text, "early")));
}

TEST_CASE_FIXTURE(websocket_fixture, "a close by the client is answered with its code, and the connection ends") {
    auto peer = client();
    open(peer, "/echo");
    CHECK(feed(peer, client_frame(closing, close_payload(4001, "done"))) == server_close(4001));
    CHECK(ended == errc::cancelled);
    CHECK(code == 4001);
    CHECK(reason == "done");
    CHECK(peer.closed());
    REQUIRE(ends.size() == 1);
    CHECK(!ends[0].aborted);

    auto silent = client();
    open(silent, "/echo");
    CHECK(feed(silent, client_frame(closing, "")) == server_close(1000));
    CHECK(code == 1005);
}

TEST_CASE_FIXTURE(websocket_fixture, "a close by the server waits for the client's, but not for long") {
    auto peer = client();
    open(peer, "/bye");
    CHECK(peer.output() == server_close(4000, "enough"));
    CHECK(ended == errc::cancelled);
    CHECK(code == 4000);
    CHECK(feed(peer, client_frame(text, "too late")).empty());
    CHECK(heard.empty());
    CHECK(!peer.closed());
    CHECK(feed(peer, client_frame(closing, close_payload(4000))).empty());
    CHECK(peer.closed());

    auto silent = client();
    open(silent, "/bye");
    CHECK(after(silent, 4s) == server_close(4000, "enough"));
    CHECK(!silent.closed());
    CHECK(after(silent, 1s).empty());
    CHECK(silent.closed());
    REQUIRE(ends.size() == 2);
    CHECK(ends[1].aborted);
}

TEST_CASE_FIXTURE(websocket_fixture, "a handler that throws closes with 1011") {
    auto peer = client();
    open(peer, "/breaks");
    CHECK(feed(peer, client_frame(text, "x")) == server_close(1011));
    feed(peer, client_frame(closing, close_payload(1011)));
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "a peer that breaks the protocol is sent the reason and disconnected") {
    const auto answer = [this](std::string_view target, std::string_view bytes) {
        auto peer = client();
        open(peer, target);
        const std::string sent_back = feed(peer, bytes);
        CHECK(peer.closed());
        CHECK(ended == errc::unavailable);
        REQUIRE(sent_back.size() == 4);
        CHECK(sent_back[0] == '\x88');
        const int told = static_cast<unsigned char>(sent_back[2]) << 8 | static_cast<unsigned char>(sent_back[3]);
        CHECK(told == code);
        return told;
    };
    CHECK(answer("/echo", server_frame(text, "unmasked")) == 1002);
    CHECK(answer("/echo", client_frame(more, "x")) == 1002);
    CHECK(answer("/echo", client_frame(text, "\xff")) == 1007);
    CHECK(answer("/small", client_frame(text, "123456789")) == 1009);
    CHECK(heard.empty());
}

TEST_CASE_FIXTURE(websocket_fixture, "an invalid message is refused, and the connection continues") {
    auto peer = client();
    open(peer, "/deaf");
    CHECK(peer.loop().block_on(kept->send("\xff")).error() == errc::invalid_argument);
    for (const int unfit : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
        CAPTURE(unfit);
        CHECK(kept->close(static_cast<std::uint16_t>(unfit)).error() == errc::invalid_argument);
    }
    CHECK(kept->close(1000, std::string(124, 'x')).error() == errc::invalid_argument);
    CHECK(kept->is_open());
    CHECK(peer.output().empty());
    CHECK(kept->close(1000, std::string(123, 'x')));
    CHECK(!kept->is_open());
    CHECK(peer.loop().block_on(kept->send("x")).error() == errc::cancelled);
}

TEST_CASE_FIXTURE(websocket_fixture, "a silent peer is pinged after 30 seconds, and dropped if it doesn't answer") {
    auto peer = client();
    open(peer, "/echo");
    CHECK(after(peer, 29s).empty());
    CHECK(after(peer, 1s) == server_frame(ping, ""));
    CHECK(after(peer, 29s).empty());
    CHECK(feed(peer, client_frame(pong, "")).empty());
    CHECK(after(peer, 29s).empty());
    CHECK(after(peer, 1s) == server_frame(ping, ""));
    CHECK(after(peer, 29s).empty());
    CHECK(ended == errc::ok);
    CHECK(after(peer, 1s).empty());
    CHECK(ended == errc::unavailable);
    CHECK(code == 1006);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "the next ping follows an answered one after as much silence") {
    auto peer = client();
    open(peer, "/often"); // though an answer would have 30 seconds
    for (int i = 0; i < 5; ++i) {
        CHECK(after(peer, 4s).empty());
        CHECK(after(peer, 1s) == server_frame(ping, ""));
        CHECK(feed(peer, client_frame(pong, "")).empty());
    }
}

TEST_CASE_FIXTURE(websocket_fixture, "a peer that sends is never pinged, nor one that isn't being read") {
    auto peer = client();
    open(peer, "/echo");
    for (int i = 0; i < 10; ++i) {
        CHECK(after(peer, 20s).empty());
        feed(peer, client_frame(pong, ""));
    }
    auto unheard = client();
    open(unheard, "/deaf");
    feed(unheard, client_frame(text, "anybody?"));
    for (int i = 0; i < 10; ++i) CHECK(after(unheard, 30s).empty());
    CHECK(!unheard.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "a message that arrives byte by byte is closed with 1008 after a minute") {
    auto peer = client();
    open(peer, "/echo");
    std::string bytes;
    SUBCASE("in one frame") { bytes = client_frame(text, std::string(100, 'x')); }
    SUBCASE("in complete frames of one byte") {
        for (int i = 0; i < 100; ++i) bytes += client_frame(i == 0 ? text : more, "x", false);
    }
    SUBCASE("with pings between its frames") {
        bytes = client_frame(text, "x", false);
        for (int i = 0; i < 100; ++i) bytes += client_frame(ping, "");
    }
    SUBCASE("as part of a ping") { bytes = client_frame(ping, std::string(100, '?')); }
    for (int i = 0; i < 5; ++i) {
        feed(peer, std::string_view(bytes).substr(static_cast<std::size_t>(i), 1));
        CHECK(after(peer, 10s).empty());
    }
    feed(peer, std::string_view(bytes).substr(5, 1));
    CHECK(after(peer, 9s).empty());
    CHECK(after(peer, 1s) == server_close(1008, "the message took too long to arrive"));
    CHECK(ended == errc::cancelled);
    CHECK(code == 1008);
    for (int i = 6; i < 10; ++i) {
        CHECK(!peer.closed());
        feed(peer, std::string_view(bytes).substr(static_cast<std::size_t>(i), 1));
        after(peer, 1s);
    }
    after(peer, 1s); // its part of the closing handshake has no more time than others
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "a message may take its time, and so may the next one") {
    auto peer = client();
    open(peer, "/echo");
    const std::string bytes = client_frame(text, "slow");
    for (int round = 0; round < 4; ++round) {
        CHECK(feed(peer, bytes.substr(0, 3)).empty());
        CHECK(after(peer, 25s).empty());
        CHECK(feed(peer, bytes.substr(3, 4)).empty());
        CHECK(after(peer, 25s).empty());
        // the next one starts when this one is complete
        CHECK(feed(peer, bytes.substr(7) + bytes.substr(0, 3)) == server_frame(text, "slow"));
        CHECK(after(peer, 25s).empty());
        CHECK(feed(peer, bytes.substr(3)) == server_frame(text, "slow"));
    }
    CHECK(after(peer, 29s).empty());
    CHECK(after(peer, 1s) == server_frame(ping, ""));
}

TEST_CASE_FIXTURE(websocket_fixture, "a message's time limit works without pings, and can be disabled") {
    auto unpinged = client();
    open(unpinged, "/unpinged");
    CHECK(after(unpinged, 1000s).empty());
    feed(unpinged, client_frame(text, "drip").substr(0, 4));
    CHECK(after(unpinged, 19s).empty());
    CHECK(after(unpinged, 1s) == server_close(1008, "the message took too long to arrive"));

    auto patient = client();
    open(patient, "/patient");
    const std::string bytes = client_frame(text, std::string(30, 'x'));
    for (const char one : bytes.substr(0, bytes.size() - 1)) {
        feed(patient, std::string_view(&one, 1));
        CHECK(after(patient, 20s).empty());
    }
    CHECK(feed(patient, bytes.substr(bytes.size() - 1)) == server_frame(text, std::string(30, 'x')));
}

TEST_CASE_FIXTURE(websocket_fixture, "a slow message delays neither the answer to a ping nor the end after silence") {
    auto peer = client();
    open(peer, "/echo");
    CHECK(after(peer, 30s) == server_frame(ping, ""));
    CHECK(after(peer, 20s).empty());
    feed(peer, client_frame(text, "drip").substr(0, 4)); // which also counts as an answer
    CHECK(after(peer, 29s).empty());
    CHECK(after(peer, 1s) == server_frame(ping, ""));
    CHECK(after(peer, 29s).empty());
    CHECK(!peer.closed());
    after(peer, 1s); // no answer, and the message is incomplete too
    CHECK(ended == errc::cancelled);
    CHECK(code == 1008);
}

TEST_CASE_FIXTURE(websocket_fixture, "a peer that vanishes ends the handler, whatever it waits for") {
    auto peer = client();
    open(peer, "/echo");
    peer.reset();
    CHECK(ended == errc::unavailable);
    CHECK(code == 1006);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].aborted);

    auto deaf = client();
    open(deaf, "/deaf");
    deaf.reset();
    CHECK(ended == errc::cancelled);
    CHECK(!kept->is_open());
    CHECK(kept->close_code() == 1006);

    auto half = client();
    open(half, "/echo");
    feed(half, client_frame(text, "12345").substr(0, 7));
    half.write_end();
    half.poll();
    CHECK(ended == errc::unavailable);
    CHECK(half.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "a stopping server closes with 1001 and waits for the closing handshakes") {
    for (const std::string target : {"/echo", "/deaf"}) {
        CAPTURE(target);
        ended = {};
        stubborn_wire peer(app, time);
        peer.send(handshake(target));
        peer.take_all();
        peer.stop();
        CHECK(ended == errc::cancelled);
        CHECK(peer.waiting == server_close(1001, "the server stops"));
        peer.take_all();
        CHECK(!peer.closed);
        peer.send(client_frame(closing, close_payload(1001)));
        CHECK(peer.closed);
    }
}

TEST_CASE_FIXTURE(websocket_fixture, "a sender waits for a peer that doesn't read") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/flood"));
    CHECK(heard.empty());
    std::size_t most = 0;
    for (int turns = 0; heard.empty() && turns < 100; ++turns) {
        most = std::max(most, peer.waiting.size());
        peer.take_once();
    }
    CHECK(heard == std::vector<std::string>{"sent"});
    CHECK(!sent);
    peer.take_all();
    CHECK(most < 100 * 1024);
    CHECK(peer.taken > 1024 * 1024);

    heard.clear();
    stubborn_wire gone(app, time);
    gone.send(handshake("/flood"));
    gone.take_once();
    gone.machine.receive_end();
    gone.home.poll();
    CHECK(heard == std::vector<std::string>{"sent"});
    CHECK(sent == errc::unavailable);
}

TEST_CASE_FIXTURE(websocket_fixture, "senders of several coroutines keep their messages whole and in order") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    peer.take_all();
    const std::string big(70'000, 'x');
    std::vector<int> done;
    auto send = [&](int which, std::string what) -> task<void> {
        co_await kept->send(what);
        done.push_back(which);
    };
    for (int i = 0; i < 3; ++i) peer.home.spawn(send(i, std::to_string(i) + big));
    peer.home.poll();
    CHECK(done == std::vector<int>{0}); // the first is being sent, the others wait behind it
    std::string all;
    while (!peer.waiting.empty()) {
        all += peer.waiting;
        peer.take_once();
    }
    CHECK(done == std::vector<int>{0, 1, 2});
    std::string expected;
    for (int i = 0; i < 3; ++i) expected += std::string("\x81\x7f\0\0\0\0\0\x01\x11\x71", 10) + std::to_string(i) + big;
    CHECK(all == expected);
}

TEST_CASE_FIXTURE(websocket_fixture, "messages of every size are one frame each, for all senders") {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U, 200'000U}) {
        CAPTURE(size);
        const std::string payload(size, 'x');
        stubborn_wire peer(app, time);
        peer.send(handshake("/deaf"));
        peer.generous = true;
        peer.take_all();
        websocket_rooms large({.unsent = 1024 * 1024});
        const room_seat seat = large.join("tea", *kept);
        large.broadcast("tea", payload).value();
        large.broadcast_binary("tea", payload);
        peer.home.poll();
        CHECK((peer.eaten == server_frame(text, payload) + server_frame(binary, payload)));

        stubborn_wire alone(app, time);
        alone.send(handshake("/deaf"));
        alone.generous = true;
        alone.take_all();
        CHECK(alone.home.block_on(kept->send(payload)));
        CHECK(alone.home.block_on(kept->send_binary(payload)));
        CHECK((alone.eaten == server_frame(text, payload) + server_frame(binary, payload)));
    }
}

TEST_CASE_FIXTURE(websocket_fixture, "consecutive messages don't need one turn of the loop each") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    peer.generous = true;
    peer.take_all();
    auto send = [&]() -> task<void> {
        for (int i = 0; i < 10; ++i) co_await kept->send("x");
    };
    peer.home.spawn(send());
    CHECK(peer.home.poll() <= 2);
    CHECK(peer.eaten.size() == 10 * server_frame(text, "x").size());
}

// The answer to a ping waits only for the end of the frame being sent.
TEST_CASE_FIXTURE(websocket_fixture, "a pong is sent between frames when the peer takes a long message in parts") {
    websocket_rooms large({.unsent = 1024 * 1024});
    std::unique_ptr<room_seat> seat;
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    seat = std::make_unique<room_seat>(large.join("tea", *kept));
    peer.take_all();
    const std::string first(300'000, 'x');
    const std::string second(200'000, 'y');
    large.broadcast("tea", first).value();
    large.broadcast("tea", second).value();
    peer.home.poll();
    CHECK(peer.waiting.size() < first.size());
    peer.send(client_frame(ping, "well?"));
    std::string all;
    for (; !peer.waiting.empty(); peer.take_once()) {
        CHECK(peer.waiting.size() < 2 * 64 * 1024 + 100);
        all += peer.waiting;
    }
    CHECK((all == server_frame(text, first) + server_frame(pong, "well?") + server_frame(text, second)));
    seat.reset();
}

TEST_CASE_FIXTURE(websocket_fixture, "a client's close during a long message is answered after that message's end") {
    websocket_rooms large({.unsent = 1024 * 1024});
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    const auto seat = std::make_unique<room_seat>(large.join("tea", *kept));
    peer.take_all();
    const std::string first(300'000, 'x');
    large.broadcast("tea", first).value();
    large.broadcast("tea", "too late").value();
    peer.home.poll();
    peer.send(client_frame(closing, close_payload(1000)));
    std::string all;
    for (; !peer.waiting.empty(); peer.take_once()) all += peer.waiting;
    CHECK((all == server_frame(text, first) + server_close(1000)));
    CHECK(!kept->is_open());
    CHECK(peer.home.block_on(kept->send("x")).error() == errc::cancelled);
}

TEST_CASE_FIXTURE(websocket_fixture, "a peer whose messages aren't received is held back") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    peer.take_all();
    const std::string piece = client_frame(binary, std::string(16 * 1024, 'x'));
    int taken = 0;
    for (; taken < 100 && peer.machine.wants_input(); ++taken) peer.send(piece);
    CHECK(taken < 10);
    for (int i = 0; i < taken; ++i) CHECK(peer.home.block_on(kept->receive())->data.size() == 16 * 1024);
    CHECK(peer.machine.wants_input());
}

TEST_CASE_FIXTURE(websocket_fixture, "a client that pings without reading is held back, and later gets every answer") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/echo"));
    const std::string pings = [] {
        std::string all;
        for (int i = 0; i < 100; ++i) all += client_frame(ping, std::string(125, '?'));
        return all;
    }();
    std::size_t sent_in = 0;
    for (int i = 0; i < 100 && peer.machine.wants_input(); ++i, ++sent_in) peer.send(pings);
    CHECK(sent_in > 5);
    CHECK(sent_in < 20);
    std::string answers;
    while (!peer.waiting.empty()) {
        CHECK(peer.waiting.size() < 100 * 1024);
        answers += peer.waiting;
        peer.take_once();
    }
    CHECK(answers.size() - answers.find("\r\n\r\n") - 4 == sent_in * 100 * 127);
    CHECK(peer.machine.wants_input());
}

TEST_CASE_FIXTURE(websocket_fixture, "messages sent before a client's close arrives precede the answer to it") {
    auto peer = client();
    open(peer, "/burst");
    std::string expected;
    for (int i = 0; i < 10; ++i) expected += server_frame(text, std::to_string(i));
    CHECK(feed(peer, client_frame(text, "go") + client_frame(closing, close_payload(1000))) ==
          expected + server_close(1000));
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(websocket_fixture, "messages sent before the server's own close precede it") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/deaf"));
    peer.take_all();
    const std::string big(70'000, 'x');
    std::vector<errc> answers;
    auto send = [&]() -> task<void> {
        const auto done = co_await kept->send(big);
        answers.push_back(done ? errc::ok : done.error().kind());
    };
    for (int i = 0; i < 3; ++i) peer.home.spawn(send());
    peer.home.poll();
    kept->close(4000, "enough");
    CHECK(!kept->is_open());
    std::string all;
    for (peer.home.poll(); !peer.waiting.empty(); peer.take_once()) all += peer.waiting;
    CHECK(all.size() == 3 * (big.size() + 10) + server_close(4000, "enough").size());
    CHECK(all.ends_with("x" + server_close(4000, "enough")));
    // the closing side no longer waits for the last two
    CHECK(answers == std::vector<errc>{errc::ok, errc::cancelled, errc::cancelled});
}

TEST_CASE_FIXTURE(websocket_fixture, "a room's members receive its messages, and no other socket does") {
    stubborn_wire first(app, time);
    stubborn_wire second(app, time);
    stubborn_wire elsewhere(app, time);
    first.send(handshake("/chat/tea"));
    second.send(handshake("/chat/tea"));
    elsewhere.send(handshake("/chat/coffee"));
    for (auto* one : {&first, &second, &elsewhere}) one->take_all();
    CHECK(rooms.size("tea") == 2);
    CHECK(rooms.size("coffee") == 1);
    CHECK(rooms.size("water") == 0);

    first.send(client_frame(text, "hello"));
    for (auto* one : {&first, &second, &elsewhere}) one->home.poll();
    CHECK(first.waiting == server_frame(text, "hello"));
    CHECK(second.waiting == server_frame(text, "hello"));
    CHECK(elsewhere.waiting.empty());

    second.take_all();
    second.send(client_frame(closing, ""));
    CHECK(rooms.size("tea") == 1);
    CHECK(rooms.broadcast("tea", "again").value() == 1);
    CHECK(rooms.broadcast_binary("water", "x") == 0);
    CHECK(rooms.broadcast("tea", "\xff").error() == errc::invalid_argument);
}

TEST_CASE_FIXTURE(websocket_fixture, "a member too slow for its room is closed with 1013, the others continue") {
    stubborn_wire slow(app, time);
    stubborn_wire quick(app, time);
    slow.send(handshake("/chat/tea"));
    quick.send(handshake("/chat/tea"));
    quick.take_all();
    slow.take_all();
    const std::string piece(60'000, 'x');
    for (int i = 0; i < 4; ++i) {
        rooms.broadcast("tea", piece).value();
        slow.home.poll();
        quick.home.poll();
        quick.take_all();
    }
    CHECK(rooms.dropped() == 1);
    CHECK(rooms.size("tea") == 1);
    slow.take_once();
    CHECK(slow.waiting.ends_with(server_close(1013, "too slow for this room's messages")));
    CHECK(quick.taken > 4 * piece.size());
}

TEST_CASE_FIXTURE(websocket_fixture, "a loop that doesn't deliver holds no more of a room than its members may miss") {
    stubborn_wire stuck(app, time);
    stubborn_wire quick(app, time);
    stuck.send(handshake("/chat/tea"));
    quick.send(handshake("/chat/tea"));
    quick.take_all();
    stuck.take_all();
    quick.generous = true;
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string said = std::to_string(i) + std::string(10'000, 'x');
        CHECK(rooms.broadcast("tea", said).value() == (i < 9 ? 2 : 1));
        expected += server_frame(text, said);
        quick.home.poll();
    }
    CHECK(rooms.size("tea") == 1);
    CHECK((quick.eaten == expected));
    CHECK(rooms.dropped() == 0);
    stuck.home.poll();
    CHECK(stuck.waiting == server_close(1013, "too slow for this room's messages"));
    CHECK(rooms.dropped() == 1);
    CHECK(rooms.size("tea") == 1);
}

TEST_CASE_FIXTURE(websocket_fixture, "bytes queued for a member's peer count as well, and those it has taken don't") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/chat/tea"));
    peer.take_all();
    const std::string piece(60'000, 'x');
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 2; ++i) { // the first is being sent, the other one waits behind it
            CHECK(rooms.broadcast("tea", piece).value() == 1);
            peer.home.poll();
        }
        peer.take_all();
    }
    for (int i = 0; i < 2; ++i) {
        CHECK(rooms.broadcast("tea", piece).value() == 1);
        peer.home.poll();
    }
    CHECK(rooms.broadcast("tea", piece).value() == 0);
    CHECK(rooms.size("tea") == 0);
    peer.home.poll();
    CHECK(rooms.dropped() == 1);
}

TEST_CASE("a room's inbox immediately frees messages that only slow members lacked") {
    using namespace http::detail;
    loop home;
    room_branch branch(std::make_shared<room_outlet>(home));
    const auto nothing = std::make_shared<std::atomic<std::size_t>>(0);
    auto join = [&](std::uint64_t id) {
        auto one = std::make_shared<room_member>();
        one->id = id;
        one->unsent = nothing;
        branch.add(one);
    };
    auto push = [&]() -> std::weak_ptr<const std::string> {
        const auto frame = frame_of(std::string(1000, 'x'), true);
        branch.make_room();
        branch.push(frame, 5000);
        return frame;
    };
    join(1);
    const auto first = push();
    const auto second = push();
    join(2);
    const auto third = push();
    for (int i = 0; i < 2; ++i) push();
    CHECK(branch.listening() == 1); // the fifth was too much for the first member
    CHECK(first.expired());
    CHECK(second.expired());
    CHECK(!third.expired());
    CHECK(branch.take().since(branch.after(1)->first).size() == 3);

    for (int i = 0; i < 5; ++i) push();
    CHECK(branch.listening() == 0);
    CHECK(branch.waiting() == 0);
    CHECK(push().expired());
    branch.remove(1);
    CHECK(branch.listening() == 0);
}

TEST_CASE_FIXTURE(websocket_fixture, "short messages count with the memory that they use") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/chat/tea"));
    int heard = 0;
    while (heard < 100'000 && rooms.broadcast("tea", "x").value() == 1) ++heard;
    CHECK(heard < 2000); // of 100,000 bytes
    CHECK(heard > 1000);
}

TEST_CASE_FIXTURE(websocket_fixture, "a loop's broadcasts are delivered in one turn") {
    stubborn_wire peer(app, time);
    peer.send(handshake("/chat/tea"));
    peer.take_all();
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        rooms.broadcast("tea", std::to_string(i)).value();
        expected += server_frame(text, std::to_string(i));
    }
    CHECK(peer.home.poll() == 1);
    CHECK(peer.waiting == expected);
}

TEST_CASE_FIXTURE(websocket_fixture, "a sender to a room waits for its loops, not for its members") {
    stubborn_wire first(app, time);
    stubborn_wire second(app, time);
    for (auto* one : {&first, &second}) {
        one->send(handshake("/chat/tea"));
        one->take_all();
        one->generous = true;
    }
    std::string expected;
    auto talk = [&]() -> task<void> {
        for (int i = 0; i < 50; ++i) {
            const std::string said = std::to_string(i) + std::string(10'000, 'x');
            expected += server_frame(text, said);
            const auto listening = co_await rooms.send("tea", said);
            CHECK(listening.value() == 2);
        }
        heard.push_back("sent");
    };
    first.home.spawn(talk());
    first.home.poll();
    CHECK(first.eaten.size() < 50'000); // half of the limit
    for (int i = 0; i < 100 && heard.empty(); ++i) {
        second.home.poll();
        first.home.poll();
    }
    second.home.poll();
    first.home.poll();
    CHECK(heard == std::vector<std::string>{"sent"});
    CHECK((first.eaten == expected));
    CHECK((second.eaten == expected));
    CHECK(rooms.dropped() == 0);

    auto bad = [&]() -> task<errc> {
        const auto sent = co_await rooms.send("tea", "\xff");
        co_return sent.error().kind();
    };
    CHECK(first.home.block_on(bad()) == errc::invalid_argument);
    auto unheard = [&]() -> task<std::size_t> {
        const auto sent = co_await rooms.send_binary("water", "x");
        co_return sent.value();
    };
    CHECK(first.home.block_on(unheard()) == 0);
}

TEST_CASE_FIXTURE(websocket_fixture,
                  "a sender that waits for a loop continues when that loop's members leave or it is cancelled") {
    loop elsewhere(time);
    auto stuck = std::make_unique<stubborn_wire>(app, time);
    stuck->send(handshake("/chat/tea"));
    const std::string piece(40'000, 'x');
    rooms.broadcast("tea", piece).value();
    context ctx(elsewhere);
    asio::cancellation_signal cancel;
    errc answer = errc::ok;
    std::size_t listening = 7;
    auto talk = [&]() -> task<void> {
        const auto sent = co_await rooms.send("tea", piece);
        answer = sent ? errc::ok : sent.error().kind();
        if (sent) listening = *sent;
        heard.push_back("answered");
    };
    elsewhere.spawn(talk(), ctx, cancel, [](std::exception_ptr) {});
    elsewhere.poll();
    CHECK(heard.empty());
    SUBCASE("cancelled") {
        cancel.emit(asio::cancellation_type::terminal);
        elsewhere.poll();
        CHECK(answer == errc::cancelled);
        stuck->take_all();
        stuck->home.poll();
        CHECK(stuck->taken < 2 * piece.size());
    }
    SUBCASE("the members leave") {
        stuck->machine.receive_end();
        stuck.reset();
        elsewhere.poll();
        CHECK(answer == errc::ok);
        CHECK(listening == 0);
    }
    CHECK(heard == std::vector<std::string>{"answered"});
}

TEST_CASE_FIXTURE(websocket_fixture, "members may leave, join and broadcast while a broadcast is delivered") {
    std::vector<room_seat> seats;
    app.get("/moves", [&](websocket_upgrade upgrade) {
        return upgrade.accept([&](websocket& peer) -> task<void> {
            for (int i = 0; i < 3; ++i) seats.push_back(rooms.join("tea", peer));
            co_await next(peer);
            seats.clear(); // the room disappears while its members are iterated
            seats.push_back(rooms.join("tea", peer));
            seats.push_back(rooms.join("coffee", peer));
            rooms.broadcast("tea", "moved").value();
        });
    });
    stubborn_wire peer(app, time);
    peer.send(handshake("/moves"));
    peer.take_all();
    const std::string piece(30'000, 'x');
    for (int i = 0; i < 3 && code == 0; ++i) {
        rooms.broadcast("tea", piece).value();
        peer.home.poll();
    }
    CHECK(code == 1013);
    CHECK(rooms.dropped() == 1);
    CHECK(rooms.size("tea") == 1);
    CHECK(rooms.size("coffee") == 1);
    peer.home.poll();
    seats.clear();
    CHECK(rooms.size("tea") == 0);
}

TEST_CASE_FIXTURE(websocket_fixture, "when memory runs out, all members receive a broadcast or none does") {
    bool done = false;
    for (std::size_t left = 0; !done && left < 50; ++left) {
        CAPTURE(left);
        stubborn_wire first(app, time);
        stubborn_wire second(app, time);
        for (auto* one : {&first, &second}) {
            one->send(handshake("/chat/tea"));
            one->take_all();
            one->generous = true;
        }
        done =
            test_support::with_allocations(left, [&] { rooms.broadcast_binary("tea", "a message that isn't short"); });
        for (auto* one : {&first, &second}) {
            one->home.poll();
            CHECK(one->eaten == (done ? server_frame(binary, "a message that isn't short") : ""));
        }
        rooms.broadcast("tea", "next").value();
        second.home.poll();
        CHECK(second.eaten.ends_with(server_frame(text, "next")));
    }
    CHECK(done);
}

TEST_CASE_FIXTURE(websocket_fixture, "a member without memory for a broadcast loses its connection, not a message") {
    bool done = false;
    for (std::size_t left = 0; !done && left < 50; ++left) {
        CAPTURE(left);
        const auto before = rooms.dropped();
        stubborn_wire peer(app, time);
        peer.send(handshake("/chat/tea"));
        peer.take_all();
        const std::string piece(50'000, 'x');
        rooms.broadcast_binary("tea", piece);
        CHECK(test_support::with_allocations(left, [&] { peer.home.poll(); }));
        done = !peer.closed;
        CHECK(rooms.dropped() == before + (done ? 0 : 1));
        if (done) CHECK((peer.waiting == server_frame(binary, piece)));
    }
    CHECK(done);
}
