// SPDX-License-Identifier: MIT
// labels: concurrency
// WebSockets over TLS: Boost.Beast's client for the regular cases, plain OpenSSL for the others.
#include "integration/http/beast_client.hpp"
#include "integration/http/echo_handler.hpp"
#include "support/certificate_folder.hpp"
#include "support/tls_client.hpp"
#include "support/websocket_frames.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::client_frame;
using test_support::close_payload;
using test_support::secure_beast_client;
using test_support::server_close;
using test_support::server_frame;
using test_support::tls_client;
namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

using namespace test_support::opcode;

struct wss_fixture {
    test_support::certificate_folder files;
    asio::ssl::context trust{asio::ssl::context::tls_client};
    test_support::tls_detail::tls_settings settings = test_support::client_settings(files.path("ca.pem"));
    test_support::watched_echo echo;
    router routes;
    loop control;
    std::unique_ptr<server> running;

    wss_fixture() {
        trust.load_verify_file(files.path("ca.pem"));
        trust.set_verify_mode(asio::ssl::verify_peer);
        routes.get("/echo", [this](websocket_upgrade upgrade) {
            return answer(upgrade, {.max_message = 8 * 1024 * 1024});
        });
        routes.get("/pinged", [this](websocket_upgrade upgrade) { return answer(upgrade, {.ping_after = 20ms}); });
        routes.get("/impatient", [this](websocket_upgrade upgrade) {
            return answer(upgrade, {.ping_after = 20ms, .pong_within = 50ms});
        });
        routes.get("/quick", [this](websocket_upgrade upgrade) {
            return answer(upgrade, {.message_within = 100ms, .close_within = 100ms});
        });
        routes.get("/", [] { return "in"; });
    }

    response answer(const websocket_upgrade& upgrade, websocket_options options) {
        return upgrade.accept([this](websocket& peer) { return echo.run(peer); }, std::move(options));
    }
    std::uint16_t start(http::limits limits = {}) {
        server_options options;
        options.address = "127.0.0.1";
        options.port = 0;
        options.loops = 2;
        options.limits = limits;
        options.tls = files.options();
        running = std::make_unique<server>(routes, options);
        running->start().value();
        return running->port();
    }
    result<void> stop() { return control.block_on(running->stop(control.clock().now() + 20s)); }
};

// A raw WebSocket client, frame by frame.
class raw_client {
public:
    raw_client(std::uint16_t port, SSL_CTX* settings, const std::string& target) : tls_(port, settings) {
        REQUIRE(tls_.handshake().empty());
        REQUIRE(tls_.send(test_support::handshake(target)));
        REQUIRE(tls_.receive().starts_with("HTTP/1.1 101 "));
    }
    bool send(std::string_view bytes) { return tls_.send(bytes); }
    std::string receive(std::size_t size) {
        std::string got(size, '\0');
        std::size_t have = 0;
        while (have < size) {
            const int more = SSL_read(tls_.native(), got.data() + have, static_cast<int>(size - have));
            if (more <= 0) break;
            have += static_cast<std::size_t>(more);
        }
        got.resize(have);
        return got;
    }
    bool closed_in_order() { return tls_.closed_in_order(); }

private:
    tls_client tls_;
};

} // namespace

TEST_CASE_FIXTURE(wss_fixture, "Beast's client and weir understand each other over TLS, to the last close") {
    secure_beast_client client(start(), "/echo", trust);
    std::string ponged;
    client.on_control([&](beast::websocket::frame_type kind, beast::string_view what) {
        if (kind == beast::websocket::frame_type::pong) ponged.append(what.data(), what.size());
    });
    client.send("hello");
    CHECK(client.receive() == "hello");
    client.send_in_parts("a message in parts", 7);
    CHECK(client.receive() == "a message in parts");
    CHECK(ponged == "betweenbetween");
    client.send_binary(std::string("\xff\0", 2));
    CHECK(client.receive() == std::string("\xff\0", 2));
    CHECK(client.got_binary());
    CHECK_NOTHROW(client.close(beast::websocket::close_code::normal)); // with TLS's close_notify after it
    CHECK(echo.end() == 1000);
    CHECK(stop());
    CHECK(running->stats().aborted == 0);
}

TEST_CASE_FIXTURE(wss_fixture, "messages of many records arrive whole, in both directions") {
    secure_beast_client client(start(), "/echo", trust);
    std::string big(6 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 >> 3);
    for (int i = 0; i < 2; ++i) {
        client.send_binary(big);
        CHECK(client.receive() == big);
    }
    client.close(beast::websocket::close_code::going_away);
    CHECK(echo.end() == 1001);
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "a client that leaves without a WebSocket close ends its handler with 1006") {
    auto client = std::make_unique<secure_beast_client>(start(), "/echo", trust);
    client->send("x");
    CHECK(client->receive() == "x");
    SUBCASE("with close_notify") { client->end_tls(); }
    SUBCASE("with a FIN") { client->socket().close(); }
    SUBCASE("with a reset") {
        client->socket().set_option(asio::socket_base::linger(true, 0));
        client->socket().close();
    }
    CHECK(echo.end() == 1006);
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "a client that answers pings stays connected beyond every other limit") {
    http::limits limits;
    limits.head_time = 100ms;
    limits.body_time = 100ms;
    limits.handler_time = 100ms;
    limits.idle_time = 100ms;
    raw_client client(start(limits), settings.get(), "/pinged");
    for (int i = 0; i < 50; ++i) { // of 20 ms each at least
        REQUIRE(client.receive(2) == server_frame(ping, ""));
        REQUIRE(client.send(client_frame(pong, "")));
    }
    REQUIRE(client.send(client_frame(closing, close_payload(1000))));
    CHECK(echo.end() == 1000);
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "a client that doesn't answer a ping is dropped") {
    raw_client client(start(), settings.get(), "/impatient");
    CHECK(client.receive(2) == server_frame(ping, ""));
    CHECK(client.receive(1).empty());
    CHECK(echo.end() == 1006);
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "a message that arrives byte by byte is closed with 1008, and TLS with it") {
    raw_client client(start(), settings.get(), "/quick");
    REQUIRE(client.send(client_frame(text, "drip").substr(0, 7)));
    const std::string goodbye = server_close(1008, "the message took too long to arrive");
    CHECK(client.receive(goodbye.size()) == goodbye);
    SUBCASE("and the client answers") {
        REQUIRE(client.send(client_frame(text, "drip").substr(7) + client_frame(closing, close_payload(1008))));
        CHECK(client.closed_in_order());
    }
    SUBCASE("and the client never answers") { CHECK(client.receive(1).empty()); }
    CHECK(echo.end() == 1008);
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "a stopping server closes both, the WebSocket and TLS") {
    raw_client client(start(), settings.get(), "/echo");
    auto stopped = std::async(std::launch::async, [&] { return stop(); });
    const std::string goodbye = server_close(1001, "the server stops");
    CHECK(client.receive(goodbye.size()) == goodbye);
    REQUIRE(client.send(client_frame(closing, close_payload(1001))));
    CHECK(client.closed_in_order());
    CHECK(stopped.get());
    CHECK(running->stats().aborted == 0);
}

TEST_CASE_FIXTURE(wss_fixture, "a page without TLS of the same host may not connect to a WebSocket over TLS") {
    const auto port = start();
    const auto opened = [&](const std::string& origin) {
        tls_client client(port, settings.get());
        REQUIRE(client.handshake().empty());
        REQUIRE(client.send(test_support::handshake("/echo", "Origin: " + origin + "\r\n")));
        return client.receive().substr(9, 3);
    };
    CHECK(opened("http://a") == "403");
    CHECK(opened("https://a") == "101");
    CHECK(echo.end() == 1006); // of the accepted one, which has left
    CHECK(stop());
}

TEST_CASE_FIXTURE(wss_fixture, "an idle connection over TLS is closed properly") {
    http::limits limits;
    limits.idle_time = 100ms;
    tls_client client(start(limits), settings.get());
    REQUIRE(client.handshake().empty());
    CHECK(client.get("/").ends_with("in"));
    CHECK(client.closed_in_order());
    CHECK(stop());
}
