// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include "integration/redis/raw_server.hpp"

#include <future>
#include <string>
#include <string_view>

using namespace redis_test;

namespace {

redis::client_options nameless(std::string url) {
    auto options = options_for(std::move(url));
    options.name.clear(); // so the first bytes are the first command
    return options;
}

} // namespace

TEST_CASE("garbage, extra replies and endless ones fail the calls and nothing else") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
    for (const std::string& bytes :
         {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), deep, std::string("*2147483647\r\n"),
          std::string("$2147483647\r\n") + std::string(3 << 20, 'x'), std::string("+OK\r\n+extra\r\n"),
          std::string("$-2\r\n"), "+" + std::string(1 << 20, 'a')}) {
        raw_server server([&bytes](raw_peer& peer) {
            peer.receive();
            peer.send(bytes);
            peer.wait_until_gone();
        });
        loop home;
        auto options = nameless(server.url());
        options.max_reply = 1 << 20;
        redis::client db(options);
        const auto outcome = home.block_on(db.command<std::string>("GET", "k"));
        CAPTURE(bytes.substr(0, 20));
        if (bytes.starts_with("+OK")) {
            CHECK(outcome.value() == "OK");
            redis_fixture::run_loop_until(home, [&] { return db.stats().dropped == 1; });
        } else {
            CHECK(outcome.error().code() == "outcome_unknown");
            CHECK((outcome.error() == errc::too_large || outcome.error() == errc::unavailable));
        }
        CHECK(db.stats().in_flight == 0);
    }
}

TEST_CASE("a server that is full says so in the error") {
    raw_server server([](raw_peer& peer) {
        peer.send("-ERR max number of clients reached\r\n");
        peer.wait_until_gone();
    });
    loop home;
    auto options = nameless(server.url());
    options.connect_wait = 0s;
    redis::client db(options);
    const auto refused = home.block_on(db.ping());
    CHECK_FALSE(refused);
}

TEST_CASE("a server that closes or resets before, during or after a reply ends only what it has left open") {
    using namespace std::string_literals;
    const auto reset_or_close = [](raw_peer& peer, bool resets) { resets ? peer.reset() : peer.close(); };
    for (const bool resets : {false, true})
        for (const std::string& reply : {""s, "$5\r\nva"s, "$5\r\nvalue\r\n"s, "$5\r\nvalue\r\n$5\r\nva"s}) {
            raw_server server([&](raw_peer& peer) {
                if (peer.number > 0) {
                    peer.receive();
                    peer.send("$3\r\nnew\r\n");
                    peer.wait_until_gone();
                }
                peer.receive_until("second");
                peer.send(reply);
                reset_or_close(peer, resets);
            });
            loop home;
            redis::client db(nameless(server.url()));
            pending_call<std::string> first(home, db.command<std::string>("GET", "first"));
            pending_call<std::string> second(home, db.command<std::string>("GET", "second"));
            redis_fixture::run_loop_until(home, [&] { return first.over() && second.over(); });
            CAPTURE(reply);
            // A reset may discard what the client hasn't read yet.
            if (!resets && reply.size() >= 11) CHECK(first.outcome().value() == "value");
            CHECK(second.outcome().error() == errc::unavailable);
            CHECK(second.outcome().error().code() == "outcome_unknown");
            CHECK(home.block_on(db.command<std::string>("GET", "third")).value() == "new");
            CHECK(db.stats().reconnects == 1);
        }
}

TEST_CASE("a late reply never reaches another caller") {
    std::promise<void> given_up;
    raw_server server([&](raw_peer& peer) {
        peer.receive_until("slow");
        given_up.get_future().wait();
        peer.send("$4\r\nlate\r\n");
        peer.receive_until("quick");
        peer.send("$5\r\nright\r\n");
        peer.wait_until_gone();
    });
    loop home;
    redis::client db(nameless(server.url()));
    pending_call<std::string> slow(home, db.command<std::string>("GET", "slow"));
    redis_fixture::run_loop_until(home, [&] { return db.stats().in_flight == 1; });
    slow.cancel();
    redis_fixture::run_loop_until(home, [&] { return slow.over(); });
    CHECK(slow.outcome().error() == errc::cancelled);
    CHECK(db.stats().in_flight == 1); // its slot waits for its reply
    pending_call<std::string> quick(home, db.command<std::string>("GET", "quick"));
    given_up.set_value();
    redis_fixture::run_loop_until(home, [&] { return quick.over(); });
    CHECK(quick.outcome().value() == "right");
    CHECK(db.stats().in_flight == 0);
    CHECK(db.stats().cancelled == 1);
    CHECK(server.connections() == 1);
}

TEST_CASE("a command's own deadline and its context's end the wait, and say that the outcome is unknown") {
    raw_server server([](raw_peer& peer) { peer.wait_until_gone(); });
    loop home;
    auto options = nameless(server.url());
    options.timeout = 50ms;
    redis::client hurried(options);
    const auto late = home.block_on(hurried.ping()).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(late.code() == "outcome_unknown");
    CHECK(hurried.stats().late == 1);

    redis::client patient(nameless(server.url()));
    const auto outer = home.block_on(with_timeout(50ms, patient.ping())).error();
    CHECK(outer == errc::deadline_exceeded);
    home.root_context().set_deadline(home.clock().now() + 50ms);
    const auto context = home.block_on(patient.ping()).error();
    CHECK(context == errc::deadline_exceeded);
    CHECK(context.code() == "outcome_unknown");
    const auto never = home.block_on(patient.ping()).error();
    CHECK(never == errc::deadline_exceeded);
    CHECK(never.code() == "deadline_exceeded"); // it wasn't sent
}

TEST_CASE("a server that accepts and never answers is given up, and calls get a new connection") {
    raw_server server([](raw_peer& peer) {
        if (peer.number == 0) peer.wait_until_gone();
        peer.receive();
        peer.send("+PONG\r\n");
        peer.wait_until_gone();
    });
    loop home;
    auto options = nameless(server.url());
    options.stall_timeout = 100ms;
    redis::client db(options);
    const auto lost = home.block_on(db.ping()).error();
    CHECK(lost == errc::unavailable);
    CHECK(lost.code() == "outcome_unknown");
    CHECK(lost.message().find("stall_timeout") != std::string_view::npos);
    CHECK(home.block_on(db.ping()));
}

TEST_CASE("a server that doesn't read makes calls wait, up to max_pending_bytes") {
    raw_server server([](raw_peer& peer) {
        peer.receive();
        peer.send("+OK\r\n");
        peer.wait_for_end();
    });
    loop home;
    auto options = nameless(server.url());
    options.max_pending_bytes = 8 << 20;
    options.stall_timeout = 300ms;
    redis::client db(options);
    CHECK(home.block_on(db.ping()));
    const std::string megabyte(1 << 20, 'x');
    std::vector<std::unique_ptr<pending_call<void>>> calls;
    for (int i = 0; i < 10; ++i) calls.push_back(std::make_unique<pending_call<void>>(home, db.set("k", megabyte)));
    redis_fixture::run_loop_until(home, [&] { return calls.back()->over(); });
    CHECK(calls.back()->outcome().error() == errc::resource_exhausted);
    CHECK(calls.back()->outcome().error().message().find("max_pending_bytes") != std::string_view::npos);
    CHECK(db.stats().refused == 3);
    redis_fixture::run_loop_until(home, [&] { return calls.front()->over(); });
    CHECK(calls.front()->outcome().error().code() == "outcome_unknown");
    CHECK(db.stats().in_flight + db.stats().waiting == 0);
}
