// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include <weir/core/deadline.hpp>

#include <atomic>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

// A server that sends `first` and then nothing until its client is gone, watched from the test's thread.
struct silent_server {
    explicit silent_server(std::string first)
        : server([this, first](peer& link) {
              link.request();
              link.send(first);
              asked = true;
              link.wait_until_gone();
              gone = true;
          }) {}

    std::atomic<bool> asked{false};
    std::atomic<bool> gone{false};
    scripted_server server;
};

struct silent_fixture {
    silent_server upstream{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"};
    manual_clock time;
    loop home{time};
    client outgoing{home};
    pending_call call;

    error failure_after(duration passed) {
        turn_until(home, [&] { return upstream.asked.load(); });
        REQUIRE(!call.done());
        time.advance(passed);
        turn_until(home, [&] { return call.done() && upstream.gone; });
        return call.outcome->has_error() ? call.outcome->error() : error();
    }
};

std::string https_url(const scripted_server& server) {
    return "https://127.0.0.1:" + std::to_string(server.port()) + "/";
}

} // namespace

TEST_CASE_FIXTURE(silent_fixture, "a server that goes silent within the body hits the call's deadline") {
    home.spawn(call.follow(outgoing.get(upstream.server.url("/x?secret=1"))));
    const auto failure = failure_after(30s);
    CHECK(failure == errc::deadline_exceeded);
    CHECK(failure.message() ==
          "no complete response from 127.0.0.1:" + std::to_string(upstream.server.port()) + " before the deadline");
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE_FIXTURE(silent_fixture, "a request's own deadline takes precedence over the client's") {
    client_request request("GET", upstream.server.url("/"));
    request.deadline = 2s;
    home.spawn(call.follow(outgoing.send(std::move(request))));
    CHECK(failure_after(2s) == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(silent_fixture, "the context's deadline applies if it is earlier") {
    home.root_context().set_deadline(time.now() + 3s);
    home.spawn(call.follow(outgoing.get(upstream.server.url("/"))));
    CHECK(failure_after(3s) == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(silent_fixture, "a call whose deadline has passed opens no connection") {
    home.root_context().set_deadline(time.now());
    CHECK(home.block_on(outgoing.get(upstream.server.url("/"))).error() == errc::deadline_exceeded);
    CHECK(outgoing.stats().opened == 0);
}

TEST_CASE_FIXTURE(silent_fixture, "cancellation within the body closes the connection and is reported as cancelled") {
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    bool ended = false;
    home.spawn(call.follow(outgoing.get(upstream.server.url("/"))), ctx, cancel, [&](std::exception_ptr) {
        ended = true;
    });
    turn_until(home, [&] { return upstream.asked.load(); });
    cancel.emit(boost::asio::cancellation_type::all);
    turn_until(home, [&] { return ended && upstream.gone; });
    REQUIRE(call.done());
    CHECK(call.outcome->error() == errc::cancelled);
    CHECK(outgoing.stats().idle == 0);
}

TEST_CASE_FIXTURE(silent_fixture,
                  "work with a deadline around it ends the call at the deadline and waits for its end") {
    error inner;
    bool done = false;
    auto ask = [&]() -> task<result<void>> {
        auto answer = co_await outgoing.get(upstream.server.url("/"));
        inner = answer.error();
        co_return ok();
    };
    auto work = [&]() -> task<void> {
        auto outcome = co_await with_deadline(time.now() + 1s, ask());
        done = !outcome;
    };
    home.spawn(work());
    turn_until(home, [&] { return upstream.asked.load(); });
    time.advance(1s);
    turn_until(home, [&] { return done && upstream.gone; });
    CHECK(inner == errc::deadline_exceeded); // the client sees this deadline itself
}

TEST_CASE("a lookup that takes too long is abandoned at its timeout") {
    manual_clock time;
    loop home(time);
    client outgoing(home);
    pending_call call;
    home.spawn(call.follow(outgoing.get("http://localhost:1/")));
    while (home.io().poll_one() == 0) {
    } // the call has started; the resolver's answer isn't used yet
    time.advance(5s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::unavailable);
    CHECK(call.outcome->error().message() == "looking up localhost:1 took longer than the lookup timeout");
}

TEST_CASE("a handshake that never ends is aborted at its timeout, before the call's deadline") {
    scripted_server deaf([&](peer& link) { link.wait_until_gone(); });
    manual_clock time;
    loop home(time);
    client outgoing(home);
    pending_call call;
    home.spawn(call.follow(outgoing.get(https_url(deaf))));
    turn_until(home, [&] { return deaf.connections() == 1; });
    time.advance(5s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::unavailable);
    CHECK(call.outcome->error().message().find("longer than the TLS timeout") != std::string_view::npos);
}

TEST_CASE_FIXTURE(silent_fixture, "a server that goes silent within the body hits the between-bytes timeout") {
    client_options options;
    options.between_bytes_timeout = 2s;
    client impatient(home, options);
    home.spawn(call.follow(impatient.get(upstream.server.url("/"))));
    turn_until(home, [&] { return impatient.stats().received != 0; });
    const auto failure = failure_after(2s);
    CHECK(failure == errc::deadline_exceeded);
    CHECK(failure.message() == "127.0.0.1:" + std::to_string(upstream.server.port()) +
                                   " stalled in the middle of its response for longer than the between-bytes timeout");
}

TEST_CASE("a server that doesn't respond hits the first-byte timeout, and the call isn't retried") {
    std::atomic<int> asked{0};
    scripted_server server([&](peer& link) {
        link.request();
        link.answer("first");
        link.request();
        ++asked;
        link.wait_until_gone();
    });
    manual_clock time;
    loop home(time);
    client_options options;
    options.first_byte_timeout = 3s;
    client outgoing(home, options);
    REQUIRE(home.block_on(outgoing.get(server.url("/"))));
    pending_call call;
    home.spawn(call.follow(outgoing.get(server.url("/"))));
    turn_until(home, [&] { return asked == 1; });
    time.advance(2s);
    home.poll();
    CHECK(!call.done());
    time.advance(1s);
    turn_until(home, [&] { return call.done(); });
    CHECK(call.outcome->error() == errc::deadline_exceeded);
    CHECK(call.outcome->error().message().find("didn't respond for longer than the first-byte") != std::string::npos);
    CHECK(outgoing.stats().retried == 0);
    CHECK(server.connections() == 1);
}

TEST_CASE("each byte extends a slow server's time, up to the call's deadline") {
    std::atomic<int> wanted{0};
    scripted_server slow([&](peer& link) {
        link.request();
        link.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        for (int sent = 0; sent < 5; ++sent) {
            while (wanted <= sent) std::this_thread::yield();
            link.send("x");
        }
    });
    manual_clock time;
    loop home(time);
    client_options options;
    options.between_bytes_timeout = 2s;
    client outgoing(home, options);
    pending_call call;
    std::size_t seen = 0;
    home.spawn(call.follow(outgoing.get(slow.url("/"))));
    while (!call.done()) {
        turn_until(home, [&] { return call.done() || outgoing.stats().received > seen; });
        seen = outgoing.stats().received;
        time.advance(1500ms);
        home.poll();
        ++wanted;
    }
    CHECK(call.outcome->value().body == "xxxxx");
}

TEST_CASE("cancellation during the handshake is reported as cancelled") {
    std::atomic<bool> gone{false};
    scripted_server deaf([&](peer& link) {
        link.wait_until_gone();
        gone = true;
    });
    loop home;
    client outgoing(home);
    pending_call call;
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    home.spawn(call.follow(outgoing.get(https_url(deaf))), ctx, cancel, [](std::exception_ptr) {});
    turn_until(home, [&] { return deaf.connections() == 1; });
    cancel.emit(boost::asio::cancellation_type::terminal);
    turn_until(home, [&] { return call.done() && gone; });
    CHECK(call.outcome->error() == errc::cancelled);
}
