// SPDX-License-Identifier: MIT
// labels: concurrency
// A server that stops while it is busy in every possible way: requests sent before are answered, and everything that
// has started ends properly.
#include "integration/http/echo_handler.hpp"
#include "integration/http/take_body.hpp"
#include "integration/http/worker_fixture.hpp"
#include "support/certificate_folder.hpp"
#include "support/loopback.hpp"
#include "support/progress.hpp"
#include "support/socket_client.hpp"
#include "support/tls_client.hpp"
#include "support/websocket_frames.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::client_frame;
using test_support::close_payload;
using test_support::echo_hi;
using test_support::progress;
using test_support::server_close;
using test_support::server_frame;
using test_support::socket_client;
using test_support::take_body;
using test_support::tls_client;
using test_support::worker_fixture;

namespace {

constexpr std::size_t upload_size = 1024 * 1024;
constexpr int download_pieces = 800;
using namespace test_support::opcode;

std::string download_piece(int number) { return std::string(10'000, static_cast<char>('a' + number % 26)); }

struct busy_fixture {
    test_support::certificate_folder files;
    test_support::tls_detail::tls_settings settings = test_support::client_settings(files.path("ca.pem"));
    progress uploading, held, released;
    blocking_pool pool{{.name = "held", .threads = 3}};
    router routes;
    loop control;
    std::unique_ptr<server> running;

    busy_fixture() {
        routes.get("/number/{n}", [](path<"n", int> n) { return "number " + std::to_string(*n); });
        routes.get("/held", [this]() -> task<std::string> {
            auto job = [this] {
                held.note();
                return released.await(1);
            };
            const auto waited = co_await pool.run(job);
            co_return waited&&* waited ? "held" : "lost";
        });
        routes.post("/upload", [this](body_reader in) { return count(std::move(in)); });
        routes.get("/download", [] { return weir::stream(download); });
        routes.get("/events", [] { return event_stream(tick); });
        routes.get("/echo", [](websocket_upgrade upgrade) {
            return upgrade.accept(test_support::echo, {.close_within = 60s});
        });
    }
    ~busy_fixture() { released.note(); }

    task<result<std::string>> count(body_reader in) {
        std::size_t size = 0;
        for (;;) {
            const auto piece = co_await in.read();
            if (!piece) co_return piece.error();
            if (piece->empty()) break;
            if (size == 0) uploading.note();
            size += piece->size();
        }
        co_return std::to_string(size);
    }
    static task<result<void>> download(body_writer& out) {
        for (int i = 0; i < download_pieces; ++i) {
            const std::string piece = download_piece(i);
            const auto sent = co_await out.write(piece);
            if (!sent) co_return sent.error();
        }
        co_return ok();
    }
    static task<result<void>> tick(event_writer& events) {
        for (int i = 0;; ++i) {
            const std::string number = std::to_string(i);
            const auto sent = co_await events.send(number);
            if (!sent) co_return sent.error();
            const auto slept = co_await sleep_for(5ms);
            if (!slept) co_return slept.error();
        }
    }

    void start(bool secure) {
        auto options = test_support::loopback(2);
        options.limits.body = 2 * upload_size;
        options.limits.head_time = options.limits.idle_time = 120s; // long enough not to matter here
        options.limits.body_time = options.limits.write_time = options.limits.handler_time = 120s;
        options.limits.drain_grace = 2s; // for the upload to continue
        if (secure) options.tls = files.options();
        running = std::make_unique<server>(routes, options);
        running->start().value();
    }
    std::unique_ptr<socket_client> dial(socket_client*) const {
        return std::make_unique<socket_client>(running->port(), 60s);
    }
    std::unique_ptr<tls_client> dial(tls_client*) const {
        auto made = std::make_unique<tls_client>(running->port(), settings.get());
        REQUIRE(made->handshake().empty());
        return made;
    }
};

bool ended(socket_client& client) { return client.at_end(); }
bool ended(tls_client& client) { return client.closed_in_order(); }

std::string get_of(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

bool says_close(const std::string& head) { return head.find("\r\nconnection: close\r\n") != std::string::npos; }

// The clients of one stop.
template<class Client>
struct busy_clients {
    using pointer = std::unique_ptr<Client>;

    busy_fixture& at;
    pointer idle = dial(), talking = dial(), listening = dial(), downloading = dial(), uploading = dial();
    std::vector<pointer> held, just_asked;

    explicit busy_clients(busy_fixture& fixture) : at(fixture) {
        idle->send(get_of("/number/1"));
        idle->until("number 1");
        talking->send(test_support::handshake("/echo"));
        talking->until("\r\n\r\n");
        talking->send(client_frame(text, "hi"));
        talking->until(server_frame(text, "hi"));
        listening->send(get_of("/events"));
        listening->until("data: 1\n\n");
        downloading->send(get_of("/download"));
        begun_ = downloading->until("\r\n\r\n");
        uploading->send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(upload_size) +
                        "\r\n\r\n" + std::string(upload_size / 2, 'u'));
        REQUIRE(at.uploading.await(1));
        for (int i = 0; i < 3; ++i) {
            held.push_back(dial());
            held.back()->send(get_of("/held") + get_of("/number/7") + get_of("/number/8"));
        }
        REQUIRE(at.held.await(3));
        for (int i = 0; i < 40; ++i) {
            just_asked.push_back(dial());
            just_asked.back()->send(get_of("/number/" + std::to_string(i)));
        }
    }

    void check_all() {
        const auto goodbye = server_close(1001, "the server stops");
        CHECK(talking->until(goodbye) == goodbye); // the stop has started
        uploading->send(std::string(upload_size - upload_size / 2, 'u'));
        check_answers(*uploading, {std::to_string(upload_size)});
        CHECK(ended(*idle));
        talking->send(client_frame(closing, close_payload(1001)));
        CHECK(ended(*talking));
        CHECK(listening->rest().ends_with("\r\n0\r\n\r\n"));
        CHECK(ended(*listening));
        for (std::size_t i = 0; i < just_asked.size(); ++i) {
            CAPTURE(i);
            std::string all = just_asked[i]->rest(); // the response may precede the stop
            CHECK(take_body(all) == "number " + std::to_string(i));
            CHECK(ended(*just_asked[i]));
        }
        at.released.note();
        for (auto& one : held) check_answers(*one, {"held", "number 7", "number 8"});
        check_download();
    }

private:
    pointer dial() const { return at.dial(static_cast<Client*>(nullptr)); }

    // Of these the last announces that it is the last, and is.
    static void check_answers(Client& client, const std::vector<std::string>& bodies) {
        std::string all = client.rest();
        for (const auto& body : bodies) {
            const bool last = &body == &bodies.back();
            CHECK(says_close(all.substr(0, all.find("\r\n\r\n") + 2)) == last);
            CHECK(take_body(all) == body);
        }
        CHECK(all.empty());
        CHECK(ended(client));
    }
    void check_download() {
        std::string whole;
        for (int i = 0; i < download_pieces; ++i) whole += download_piece(i);
        std::string all = begun_ + downloading->rest();
        CHECK((take_body(all) == whole)); // too long to print
        CHECK(all.empty());
        CHECK(ended(*downloading));
    }

    std::string begun_;
};

template<class Client>
void stop_while_busy(busy_fixture& at) {
    busy_clients<Client> clients(at);
    auto stopped = std::async(std::launch::async, [&] {
        return at.control.block_on(at.running->stop(at.control.clock().now() + 90s));
    });
    clients.check_all();
    CHECK(stopped.get());
    CHECK(at.running->stats().aborted == 0);
    CHECK(at.running->stats().open == 0);
}

} // namespace

TEST_CASE_FIXTURE(busy_fixture, "a stop lets requests, bodies in both directions, events and WebSockets complete") {
    start(false);
    stop_while_busy<socket_client>(*this);
}

TEST_CASE_FIXTURE(busy_fixture, "a stop over TLS lets everything complete, each connection with its close_notify") {
    start(true);
    stop_while_busy<tls_client>(*this);
}

TEST_CASE_FIXTURE(worker_fixture, "however late the loop is, what was sent before the stop is answered") {
    std::vector<socket_client> clients; // more than the kernel reports at a time
    for (int i = 0; i < 300; ++i) {
        clients.emplace_back(port);
        REQUIRE(until([&] { return counters.open == clients.size(); }));
        if (i % 2 == 0) CHECK(answer(clients.back(), echo_hi) == "hi");
    }
    const int before = served;
    for (auto& one : clients) one.send(echo_hi);
    for (auto& one : clients) one.await_delivery();
    bool gone = false;
    serving->drain([&] { gone = true; });
    time.advance(5s); // the machine was busy
    REQUIRE(until([&] { return counters.open == 0 || served == before + 300; }));
    CHECK(served == before + 300);
    for (auto& one : clients) {
        const auto res = one.receive();
        CHECK(res.body == "hi");
        CHECK(res.header("connection") == "close");
        one.half_close();
    }
    CHECK(until([&] { return gone; }));
}
