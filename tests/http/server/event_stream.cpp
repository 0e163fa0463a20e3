// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct event_stream_fixture {
    manual_clock time;
    router app;
    error refused; // the result of a send
    std::string ended = "not yet";

    event_stream_fixture() {
        app.get("/two", [] {
            return event_stream([](event_writer& events) -> task<result<void>> {
                event first{.data = "a\nb\r\nc\rd", .name = "price", .id = "7", .retry = 3s};
                co_await events.send(first);
                co_return co_await events.send("plain");
            });
        });
        app.get("/bad/{where}", [this](path<"where", std::string> where) {
            return event_stream([this, where = *where](event_writer& events) -> task<result<void>> {
                event bad;
                (where == "id" ? bad.id : bad.name) = "a\nb";
                if (where == "nul") bad.name = std::string_view("a\0b", 3);
                const auto sent = co_await events.send(bad);
                if (!sent) refused = sent.error();
                co_return ok();
            });
        });
        app.get("/slow",
                [this] { return event_stream([this](event_writer& events) { return every_20_seconds(events); }); });
        app.get("/silent", [] {
            auto nothing = [](event_writer&) -> task<result<void>> { co_return co_await sleep_for(50s); };
            return event_stream(nothing, {.heartbeat = 0s});
        });
        app.get("/since", [](const request& req) { return last_event_id(req); });
    }

    task<result<void>> every_20_seconds(event_writer& events) {
        result<void> sent = ok();
        while (sent) {
            if (auto slept = co_await sleep_for(20s); !slept) sent = slept;
            if (sent) sent = co_await events.send("tick");
        }
        ended = sent.error().code();
        co_return sent;
    }

    test_client client() { return test_client(app, {.clock = &time}); }
    static void open(test_client& peer, std::string_view target) {
        peer.write("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        peer.poll();
    }
    std::string after(test_client& peer, duration by) {
        time.advance(by);
        peer.poll();
        return peer.output();
    }
};

} // namespace

TEST_CASE_FIXTURE(event_stream_fixture, "events are sent as lines, whatever line ends their data has") {
    auto peer = client();
    open(peer, "/two");
    const auto res = peer.receive();
    CHECK(res.status == 200);
    CHECK(res.header("content-type") == "text/event-stream");
    CHECK(res.header("cache-control") == "no-store");
    CHECK(res.body == "event: price\nid: 7\nretry: 3000\ndata: a\ndata: b\ndata: c\ndata: d\n\ndata: plain\n\n");
}

TEST_CASE_FIXTURE(event_stream_fixture, "a name or id that would break the lines is refused, and nothing is sent") {
    for (const std::string where : {"id", "name", "nul"}) {
        CAPTURE(where);
        refused = {};
        auto peer = client();
        open(peer, "/bad/" + where);
        CHECK(peer.receive().body.empty());
        CHECK(refused == errc::invalid_argument);
    }
}

TEST_CASE_FIXTURE(event_stream_fixture, "a comment is sent after 15 seconds without an event") {
    auto peer = client();
    open(peer, "/slow");
    peer.output();
    CHECK(after(peer, 14s).empty());
    CHECK(after(peer, 1s) == "3\r\n:\n\n\r\n");
    CHECK(after(peer, 5s) == "c\r\ndata: tick\n\n\r\n"); // at 20 s
    CHECK(after(peer, 14s).empty());
    CHECK(after(peer, 1s) == "3\r\n:\n\n\r\n"); // at 35 s
    CHECK(after(peer, 5s) == "c\r\ndata: tick\n\n\r\n");
    peer.reset();
    CHECK(ended == "cancelled");
}

TEST_CASE_FIXTURE(event_stream_fixture, "comments can be disabled, and end with the stream") {
    auto peer = client();
    open(peer, "/silent");
    peer.output();
    CHECK(after(peer, 49s).empty());
    CHECK(after(peer, 1s) == "0\r\n\r\n");
    CHECK(after(peer, 59s).empty());

    auto two = client();
    open(two, "/two");
    two.receive();
    CHECK(after(two, 30s).empty());
}

TEST_CASE_FIXTURE(event_stream_fixture, "a browser that reconnects sends the last id it saw") {
    test_client peer(app);
    CHECK(peer.get("/since").body.empty());
    CHECK(peer.header("Last-Event-ID", "42").get("/since").body == "42");
}
