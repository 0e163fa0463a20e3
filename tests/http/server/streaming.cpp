// SPDX-License-Identifier: MIT
#include "support/stubborn_wire.hpp"
#include "support/temporary_folder.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/file_body.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

using namespace weir;
using namespace std::chrono_literals;
using test_support::stubborn_wire;

namespace {

struct seen_end {
    int status = 0;
    http::exchange_summary how{};
};

struct streaming_fixture {
    manual_clock time;
    router app;
    std::vector<std::string> pieces; // the pieces that the upload has read
    std::string upload_ended = "not yet";
    std::vector<seen_end> ends;
    std::string source_ended = "not yet";

    streaming_fixture() {
        middleware witness;
        witness.done = [this](const request&, const response& res, const http::exchange_summary& how) {
            ends.push_back({res.status, how});
        };
        app.use(witness);
        app.post("/upload", [this](body_reader in) { return upload(in); });
        app.post("/ignore", [](body_reader) -> task<std::string> { co_return "thanks"; });
        app.post("/text", [](body_reader in) -> task<result<std::string>> { co_return co_await in.read_all(10); });
        app.get("/count", [] { return stream(count_to_three, {.content_type = "text/plain"}); });
        app.get("/sized", [] { return stream(count_to_three, {.content_type = "text/plain", .size = 6}); });
        app.get("/short", [] { return stream(count_to_three, {.content_type = "text/plain", .size = 7}); });
        app.get("/long", [this] { return stream(keep_end(count_to_three), {.size = 5}); });
        app.get("/later", []() -> task<response> {
            co_await sleep_for(1s);
            co_return stream(count_to_three);
        });
        app.get("/events", [this] { return stream(keep_end(tick_for_ever), {.endless = true}); });
        app.get("/breaks", [] {
            return stream([](body_writer& out) -> task<result<void>> {
                co_await out.write("half");
                throw std::runtime_error("the source broke");
            });
        });
        app.get("/flood", [this] { return stream(keep_end(flood)); });
        app.get("/", [] { return "root"; });
    }

    task<result<std::string>> upload(body_reader in) {
        for (;;) {
            const auto piece = co_await in.read();
            if (!piece) {
                upload_ended = piece.error().code();
                co_return piece.error();
            }
            if (piece->empty()) break;
            pieces.emplace_back(*piece);
        }
        upload_ended = "whole";
        co_return "stored";
    }

    static task<result<void>> count_to_three(body_writer& out) {
        co_await out.write("one");
        co_await sleep_for(1s);
        co_return co_await out.write("two");
    }

    static task<result<void>> tick_for_ever(body_writer& out) {
        for (;;) {
            if (auto sent = co_await out.write("tick"); !sent) co_return sent;
            if (auto slept = co_await sleep_for(5s); !slept) co_return slept;
        }
    }

    static task<result<void>> flood(body_writer& out) {
        const std::string piece(16 * 1024, 'x');
        for (int i = 0; i < 64; ++i)
            if (auto sent = co_await out.write(piece); !sent) co_return sent;
        co_return ok();
    }

    http::body_source keep_end(task<result<void>> (*source)(body_writer&)) {
        return [this, source](body_writer& out) -> task<result<void>> {
            auto ended = co_await source(out);
            source_ended = ended ? "whole" : std::string(ended.error().code());
            co_return ended;
        };
    }

    // Returns when the handler's immediate work is done.
    static void feed(test_client& client, std::string_view bytes) {
        client.write(bytes);
        client.poll();
    }

    test_client client(http::limits limits = {}) { return test_client(app, {.limits = limits, .clock = &time}); }

    void pass(test_client& client, duration by) {
        time.advance(by);
        client.poll();
    }
};

const std::string upload_head = "POST /upload HTTP/1.1\r\nHost: a\r\n";

} // namespace

TEST_CASE_FIXTURE(streaming_fixture, "a handler reads its body while it arrives") {
    auto peer = client();
    feed(peer, upload_head + "Content-Length: 10\r\n\r\nhello");
    CHECK(pieces == std::vector<std::string>{"hello"});
    feed(peer, "wor");
    feed(peer, "ldGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(pieces == std::vector<std::string>{"hello", "wor", "ld"});
    CHECK(peer.receive().body == "stored");
    CHECK(peer.receive().body == "root");
    CHECK(!peer.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "a streamed body reads the same however it is split") {
    const std::string sized = upload_head + "Content-Length: 5\r\n\r\nhello";
    const std::string chunked =
        upload_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n";
    for (const std::string& bytes : {sized + chunked, chunked + sized, chunked + chunked}) {
        for (std::size_t split = 1; split < bytes.size(); ++split) {
            CAPTURE(split);
            pieces.clear();
            auto peer = client();
            feed(peer, std::string_view(bytes).substr(0, split));
            feed(peer, std::string_view(bytes).substr(split));
            CHECK(peer.receive().body == "stored");
            CHECK(peer.receive().body == "stored");
            std::string all;
            for (const auto& piece : pieces) all += piece;
            CHECK(all == "hellohello");
            CHECK(!peer.closed());
        }
    }
}

TEST_CASE_FIXTURE(streaming_fixture, "a streamed body may be absent") {
    auto peer = client();
    CHECK(peer.post("/upload", "").body == "stored");
    CHECK(pieces.empty());
}

TEST_CASE_FIXTURE(streaming_fixture, "100 Continue is sent when the handler starts to read") {
    auto peer = client();
    feed(peer, upload_head + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(peer.output() == "HTTP/1.1 100 Continue\r\n\r\n");
    feed(peer, "ab");
    CHECK(peer.receive().body == "stored");

    feed(peer, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    const auto refused = peer.receive();
    CHECK(refused.status == 200);
    CHECK(refused.closes);
}

TEST_CASE_FIXTURE(streaming_fixture, "an unread body ends the connection unless it had already arrived") {
    auto peer = client();
    feed(peer, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(!peer.receive().closes);
    feed(peer, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    CHECK(peer.receive().closes);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "an oversized streamed body is refused: announced, counted, or collected") {
    auto small = client({.body = 4});
    feed(small, upload_head + "Content-Length: 5\r\n\r\n");
    CHECK(small.receive().status == 413);

    auto counted = client({.body = 4});
    feed(counted, upload_head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    feed(counted, "3\r\ndef\r\n");
    CHECK(counted.receive().status == 413);
    CHECK(upload_ended == "content_too_large");
    CHECK(counted.closed());

    auto gathered = client();
    feed(gathered, "POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
    CHECK(gathered.receive().status == 413);
}

TEST_CASE_FIXTURE(streaming_fixture, "a malformed chunk is reported to the handler as a 400") {
    auto peer = client();
    feed(peer, upload_head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    feed(peer, "zz\r\n");
    CHECK(peer.receive().status == 400);
    CHECK(pieces == std::vector<std::string>{"abc"});
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "an endless stream ends when its peer hangs up, a finite one continues") {
    auto listening = client();
    listening.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    listening.poll();
    CHECK(!listening.closed());
    listening.write_end();
    listening.poll();
    CHECK(listening.closed());
    auto counting = client();
    counting.write("GET /count HTTP/1.1\r\nHost: a\r\n\r\n");
    counting.write_end();
    counting.poll();
    pass(counting, 1s);
    CHECK(counting.receive().body == "onetwo");
    CHECK(counting.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "a truncated body is reported to the handler as an error, never as a whole body") {
    auto peer = client();
    feed(peer, upload_head + "Content-Length: 5\r\n\r\nhel");
    peer.write_end();
    peer.poll();
    CHECK(upload_ended == "invalid_argument");
    CHECK(peer.receive().status == 400);
}

TEST_CASE_FIXTURE(streaming_fixture, "a body that arrives too slowly is a 408, however steadily") {
    auto peer = client({.body_time = 10s, .body_rate = 1});
    feed(peer, upload_head + "Content-Length: 100\r\n\r\n");
    for (int i = 0; i < 2; ++i) { // a byte earns a second
        pass(peer, 4s);
        feed(peer, "x");
    }
    pass(peer, 3s);
    CHECK(upload_ended == "not yet");
    pass(peer, 1s);
    CHECK(upload_ended == "request_timeout");
    CHECK(peer.receive().status == 408);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "the handler's time counts from the last piece of its body") {
    auto peer = client({.handler_time = 5s});
    feed(peer, upload_head + "Content-Length: 3\r\n\r\n");
    for (const char* piece : {"a", "b", "c"}) {
        pass(peer, 4s);
        feed(peer, piece);
    }
    CHECK(peer.receive().body == "stored");
}

TEST_CASE_FIXTURE(streaming_fixture, "a peer that goes away cancels the handler that reads its body") {
    auto peer = client();
    feed(peer, upload_head + "Content-Length: 5\r\n\r\nhel");
    peer.reset();
    CHECK(upload_ended == "cancelled");
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].status == 499);
}

TEST_CASE_FIXTURE(streaming_fixture, "a streamed response is sent piece by piece, in chunks") {
    auto peer = client();
    feed(peer, "GET /count HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string first = peer.output();
    CHECK(first.find("transfer-encoding: chunked\r\n") != std::string::npos);
    CHECK(first.find("content-length") == std::string::npos);
    CHECK(first.ends_with("\r\n\r\n3\r\none\r\n"));
    CHECK(ends.empty());
    pass(peer, 1s);
    const std::string rest = peer.output();
    CHECK(rest.starts_with("3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK(rest.ends_with("root"));
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].how.bytes == 6);
    CHECK(!ends[0].how.aborted);
}

TEST_CASE_FIXTURE(streaming_fixture, "a coroutine handler's response streams as well") {
    auto peer = client();
    feed(peer, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(peer, 1s);
    pass(peer, 1s);
    CHECK(peer.receive().body == "onetwo");
    CHECK(peer.get("/").body == "root");
}

TEST_CASE_FIXTURE(streaming_fixture, "an announced size must be met") {
    auto exact = client();
    feed(exact, "GET /sized HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(exact, 1s);
    const auto res = exact.receive();
    CHECK(res.header("content-length") == "6");
    CHECK(res.body == "onetwo");
    CHECK(!exact.closed());

    auto short_of = client();
    feed(short_of, "GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(short_of, 1s);
    CHECK(short_of.closed());

    auto beyond = client();
    feed(beyond, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(beyond, 1s);
    CHECK(source_ended == "invalid_argument");
    CHECK(beyond.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "HTTP/1.0 gets a streamed body that ends with the connection") {
    auto peer = client();
    feed(peer, "GET /count HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    pass(peer, 1s);
    const auto res = peer.receive();
    CHECK(res.body == "onetwo");
    CHECK(res.closes);
    CHECK(res.header("transfer-encoding").empty());
}

TEST_CASE_FIXTURE(streaming_fixture, "HEAD of a streamed resource sends only the head") {
    auto peer = client();
    const auto res = peer.send(http::method::head, "/count");
    CHECK(res.header("transfer-encoding") == "chunked");
    CHECK(peer.get("/").body == "root");
}

TEST_CASE_FIXTURE(streaming_fixture, "a source that fails ends the connection in the middle of the body") {
    auto peer = client();
    feed(peer, "GET /breaks HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.closed());
    const auto sent = peer.output();
    CHECK(sent.ends_with("4\r\nhalf\r\n"));
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].how.aborted);
}

TEST_CASE_FIXTURE(streaming_fixture, "a peer that goes away cancels the source") {
    auto peer = client();
    feed(peer, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(peer, 5s);
    peer.reset();
    CHECK(source_ended == "cancelled");
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].status == 200);
    CHECK(ends[0].how.aborted);
    CHECK(ends[0].how.bytes == 8);
}

TEST_CASE_FIXTURE(streaming_fixture, "a stopping server ends endless streams, and waits for finite ones") {
    stubborn_wire events(app, time);
    events.host.draining = false;
    events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    events.take_all();
    events.host.draining = true;
    events.machine.drain();
    events.home.poll();
    CHECK(source_ended == "cancelled");
    CHECK(events.waiting == "0\r\n\r\n");
    events.take_all();
    CHECK(events.closed);

    stubborn_wire count(app, time);
    count.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\n");
    count.take_all();
    count.host.draining = true;
    count.machine.drain();
    CHECK(!count.closed);
    time.advance(1s);
    count.home.poll();
    count.take_all();
    CHECK(!count.closed); // a request may still be on its way
    time.advance(1s);
    count.home.poll();
    count.machine.tick(count.home.now());
    CHECK(count.closed);
}

TEST_CASE_FIXTURE(streaming_fixture, "a source waits for a peer that doesn't read the output") {
    stubborn_wire peer(app, time);
    peer.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(source_ended == "not yet");
    std::size_t most = 0;
    for (int turns = 0; source_ended == "not yet" && turns < 100; ++turns) {
        most = std::max(most, peer.waiting.size());
        peer.take_once();
    }
    peer.take_all();
    CHECK(source_ended == "whole");
    CHECK(most < 100 * 1024);
    CHECK(peer.taken > 1024 * 1024);
    CHECK(!peer.closed);
}

TEST_CASE_FIXTURE(streaming_fixture, "a fast peer doesn't monopolise the loop") {
    int most_at_once = 0; // pieces, between the turns of others
    int since = 0;
    app.get("/feast", [&] {
        return stream([&](body_writer& out) -> task<result<void>> {
            const executor here = co_await this_task;
            loop& home = here.context().loop();
            const std::string piece(16 * 1024, 'x');
            for (int i = 0; i < 60; ++i) {
                home.post([&] { since = 0; });
                most_at_once = std::max(most_at_once, ++since);
                if (auto sent = co_await out.write(piece); !sent) co_return sent;
            }
            co_return ok();
        });
    });
    auto peer = client();
    feed(peer, "GET /feast HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.receive().body == std::string(60 * 16 * 1024, 'x'));
    CHECK(most_at_once == 16);
}

TEST_CASE_FIXTURE(streaming_fixture, "an endless body to a fast peer ends with the server") {
    stubborn_wire peer(app, time);
    peer.generous = true;
    app.get("/plenty", [&] {
        auto source = [&](body_writer& out) -> task<result<void>> {
            const std::string piece(16 * 1024, 'x');
            peer.home.post([&] {
                peer.host.draining = true;
                peer.machine.drain();
            });
            for (int i = 0; i < 1000; ++i) {
                const auto sent = co_await out.write(piece);
                if (!sent) {
                    source_ended = sent.error().code();
                    co_return sent.error();
                }
            }
            co_return ok();
        };
        return stream(source, {.endless = true});
    });
    peer.send("GET /plenty HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.home.poll();
    CHECK(source_ended == "cancelled");
    CHECK(peer.eaten.ends_with("x\r\n0\r\n\r\n"));
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(streaming_fixture, "a peer that reads nothing for too long is aborted") {
    stubborn_wire peer(app, time);
    peer.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    time.advance(31s);
    peer.home.poll();
    peer.machine.tick(peer.home.now());
    CHECK(peer.closed);
}

TEST_CASE_FIXTURE(streaming_fixture, "reading ahead of a slow handler stops at the limit") {
    app.post("/slow", [](body_reader in) -> task<result<void>> {
        const auto first = co_await in.read();
        if (!first) co_return first.error();
        co_return co_await sleep_for(20s);
    });
    stubborn_wire peer(app, time);
    peer.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx");
    CHECK(peer.machine.wants_input());
    peer.send(std::string(64 * 1024, 'x'));
    CHECK(!peer.machine.wants_input());
}

TEST_CASE_FIXTURE(streaming_fixture, "many small streamed requests in one packet don't exhaust the stack") {
    auto peer = client({.pipelined = 16 * 1024 * 1024});
    std::string bytes;
    for (int i = 0; i < 20000; ++i) bytes += "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    feed(peer, bytes);
    CHECK(pieces.size() == 20000);
    CHECK(ends.size() == 20000);
}

TEST_CASE_FIXTURE(streaming_fixture, "part of a file is a body, sent in order with its neighbours") {
    const test_support::temporary_folder folder;
    const int descriptor = ::open(folder.put("digits", "0123456789").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(descriptor >= 0);
    auto file = std::make_shared<http::open_file>(descriptor);
    app.get("/file", [file] {
        response res;
        http::send_file({file, 2, 5}, res);
        return res;
    });
    app.get("/shrunk", [file] {
        response res;
        http::send_file({file, 8, 5}, res);
        return res;
    });
    auto peer = client();
    feed(peer,
         "GET /file HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.receive().body == "23456");
    CHECK(peer.receive().body == "root");
    CHECK(peer.receive().body == "23456");
    CHECK(peer.send(http::method::head, "/file").header("content-length") == "5");
    for (const std::string verb : {"GET", "HEAD"}) {
        feed(peer, verb + " /file HTTP/1.1\r\nHost: a\r\n\r\n");
        const std::string sent = peer.output();
        CHECK(sent.ends_with(verb == "GET" ? "\r\n\r\n23456" : "\r\n\r\n"));
        CHECK(ends.back().how.bytes == sent.size());
    }
    feed(peer, "GET /shrunk HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(streaming_fixture, "a route's own deadline applies to its handler") {
    app.route("/quick", [](router& quick) {
        quick.timeout(2s);
        quick.get("/", []() -> task<result<std::string>> {
            auto& ctx = (co_await this_task).context();
            const auto left = ctx.deadline() - ctx.loop().now();
            co_return std::to_string(left / 1s);
        });
        quick.get("/stuck", []() -> task<result<std::string>> {
            const executor here = co_await this_task;
            boost::asio::steady_timer never(here.context().loop().io(), std::chrono::hours(1));
            co_await never.async_wait(boost::asio::as_tuple(use_task)); // ends by its cancellation
            co_return "woke";
        });
    });
    auto peer = client();
    CHECK(peer.get("/quick").body == "2");
    feed(peer, "GET /quick/stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    pass(peer, 1s);
    CHECK(peer.output().empty());
    pass(peer, 1s);
    CHECK(peer.receive().status == 504);
}
