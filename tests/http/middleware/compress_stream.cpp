// SPDX-License-Identifier: MIT
#include "http/wire/content_decoder.hpp"
#include "support/decode.hpp"
#include "support/stubborn_wire.hpp"
#include <weir/http/body_writer.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/middleware/compress.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <random>

using namespace weir;
using namespace std::chrono_literals;
using http::detail::content_coding;
using http::detail::content_decoder;

namespace {

const std::string row = "a row that is like every other row, more or less\n";

std::vector<content_coding> codings() {
    std::vector<content_coding> built;
    for (const auto one : {content_coding::gzip, content_coding::brotli})
        if (available(one)) built.push_back(one);
    return built;
}

// Decodes the readable part of the encoded bytes so far.
std::string readable(content_decoder& decoder, std::string_view bytes) {
    std::string out;
    test_support::decode(decoder, bytes, out).value();
    return out;
}

std::string decoded_stream(content_coding coding, std::string_view bytes) {
    content_decoder decoder(coding, 1U << 26);
    auto all = readable(decoder, bytes);
    CHECK(decoder.complete());
    return all;
}

// Removes one chunk from the front and returns its data.
std::string take_chunk(std::string& bytes) {
    const std::size_t size = std::stoul(bytes, nullptr, 16);
    const std::size_t at = bytes.find("\r\n") + 2;
    const std::string data = bytes.substr(at, size);
    bytes.erase(0, at + size + 2);
    return data;
}

task<result<void>> two_rows(body_writer& out) {
    co_await out.write(row);
    co_await sleep_for(1s);
    co_await out.write(row);
    out.trailers().add("x-sum", "2");
    co_return ok();
}

task<result<void>> noise(body_writer& out) {
    std::mt19937 random(7);
    std::string piece(16 * 1024, ' ');
    for (int i = 0; i < 64; ++i) {
        for (char& c : piece) c = static_cast<char>(random());
        if (auto sent = co_await out.write(piece); !sent) co_return sent;
    }
    co_return ok();
}

struct compress_stream_fixture {
    manual_clock time;
    router app;
    test_client peer{app, {.clock = &time}};

    explicit compress_stream_fixture(http::compress_options options = {}) {
        app.use(compress(std::move(options)));
        app.get("/rows", [] { return stream(two_rows, {.content_type = "text/csv"}); });
        app.get("/sized", [] { return stream(two_rows, {.content_type = "text/csv", .size = 2 * row.size()}); });
        app.get("/large", [] {
            auto whole = [](body_writer& out) -> task<result<void>> { co_return co_await out.write(text()); };
            return stream(whole, {.content_type = "text/csv", .size = text().size()});
        });
        app.get("/short", [] {
            auto half = [](body_writer& out) -> task<result<void>> { co_return co_await out.write("half"); };
            return stream(half, {.content_type = "text/csv", .size = 5000});
        });
        app.get("/tagged", [] {
            auto res = stream(two_rows, {.content_type = "text/csv"});
            res.headers.add("etag", "\"v1\"");
            return res;
        });
        app.get("/image", [] { return stream(two_rows, {.content_type = "image/png"}); });
        app.get("/events", [] {
            return event_stream([](event_writer& events) -> task<result<void>> {
                co_await events.send("one");
                co_return co_await sleep_for(50s);
            });
        });
        app.get("/noise", [] { return stream(noise, {.content_type = "text/plain"}); });
        const auto shared = stream(two_rows, {.content_type = "text/csv"});
        app.get("/shared", [shared] { return shared; });
    }

    static std::string text() {
        std::string whole;
        for (int i = 0; i < 100; ++i) whole += row;
        return whole;
    }

    static std::string request_for(const char* target, content_coding coding) {
        return std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + std::string(name(coding)) +
               "\r\n\r\n";
    }

    void open(const char* target, content_coding coding) {
        peer.write(request_for(target, coding));
        peer.poll();
    }

    void pass(duration by) {
        time.advance(by);
        peer.poll();
    }
};

struct with_events : compress_stream_fixture {
    with_events() : compress_stream_fixture({.types = {"text/event-stream"}}) {}
};

} // namespace

TEST_CASE_FIXTURE(compress_stream_fixture, "each piece of an encoded stream can be read once it is written") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        open("/rows", coding);
        std::string sent = peer.output();
        const std::size_t blank = sent.find("\r\n\r\n");
        const std::string head = sent.substr(0, blank + 2);
        CHECK(head.find("content-encoding: " + std::string(name(coding)) + "\r\n") != std::string::npos);
        CHECK(head.find("transfer-encoding: chunked\r\n") != std::string::npos);
        CHECK(head.find("vary: Accept-Encoding\r\n") != std::string::npos);
        sent.erase(0, blank + 4);
        content_decoder decoder(coding, 1U << 20);
        CHECK(readable(decoder, take_chunk(sent)) == row);
        CHECK(sent.empty());
        pass(1s);
        sent = peer.output();
        CHECK(readable(decoder, take_chunk(sent)) == row);
        CHECK(readable(decoder, take_chunk(sent)).empty()); // the coding's end
        CHECK(decoder.complete());
        CHECK(sent == "0\r\nx-sum: 2\r\n\r\n");
    }
}

TEST_CASE_FIXTURE(compress_stream_fixture, "a stream with a known size is sent in chunks, unless it is small") {
    for (const auto coding : codings()) {
        open("/large", coding);
        const auto large = peer.receive();
        CHECK(large.header("content-length").empty());
        CHECK(large.header("content-encoding") == name(coding));
        CHECK(large.body.size() < text().size() / 4);
        CHECK(decoded_stream(coding, large.body) == text());
        open("/sized", coding);
        pass(1s);
        const auto small = peer.receive();
        CHECK(small.header("content-length") == std::to_string(2 * row.size()));
        CHECK(small.body == row + row);
    }
}

TEST_CASE_FIXTURE(compress_stream_fixture, "a stream's strong tag becomes weak if the stream is encoded") {
    for (const auto coding : codings()) {
        open("/tagged", coding);
        pass(1s);
        CHECK(peer.receive().header("etag") == "W/\"v1\"");
    }
    open("/tagged", content_coding::identity);
    pass(1s);
    CHECK(peer.receive().header("etag") == "\"v1\"");
}

TEST_CASE_FIXTURE(compress_stream_fixture, "an encoded stream must still match its announced size") {
    for (const auto coding : codings()) {
        test_client own(app, {.clock = &time});
        own.write(request_for("/short", coding));
        own.poll();
        CHECK(own.closed());
        const std::string sent = own.output();
        CHECK(sent.find("content-encoding") != std::string::npos);
        CHECK(!sent.ends_with("0\r\n\r\n"));
    }
}

TEST_CASE_FIXTURE(compress_stream_fixture,
                  "other types, event streams and clients without a coding get the stream plain") {
    for (const auto coding : codings()) {
        open("/image", coding);
        pass(1s);
        CHECK(peer.receive().body == row + row);
        open("/rows", content_coding::identity);
        pass(1s);
        const auto plain = peer.receive();
        CHECK(plain.body == row + row);
        CHECK(plain.header("vary") == "Accept-Encoding");
        open("/events", coding);
        pass(50s);
        const auto events = peer.receive();
        CHECK(events.header("content-encoding").empty());
        CHECK(events.body.starts_with("data: one\n\n"));
    }
}

TEST_CASE_FIXTURE(with_events, "an event stream is encoded if configured, its heartbeats too") {
    for (const auto coding : codings()) {
        open("/events", coding);
        for (int i = 0; i < 50; ++i) pass(1s);
        const auto res = peer.receive();
        CHECK(res.header("content-encoding") == name(coding));
        const auto events = decoded_stream(coding, res.body);
        CHECK(events.starts_with("data: one\n\n:\n\n"));
    }
}

TEST_CASE_FIXTURE(compress_stream_fixture, "HEAD has the fields of GET, HTTP/1.0 gets it until the end") {
    for (const auto coding : codings()) {
        peer.header("accept-encoding", std::string(name(coding)));
        const auto head = peer.send(http::method::head, "/rows");
        CHECK(head.header("content-encoding") == name(coding));
        CHECK(head.body.empty());
        peer.write("GET /large HTTP/1.0\r\nAccept-Encoding: " + std::string(name(coding)) + "\r\n\r\n");
        const auto old = peer.receive();
        CHECK(old.header("transfer-encoding").empty());
        CHECK(old.closes);
        CHECK(decoded_stream(coding, old.body) == text());
    }
}

TEST_CASE_FIXTURE(compress_stream_fixture, "a response that a handler stores is encoded once per request") {
    for (const auto coding : codings())
        for (int i = 0; i < 2; ++i) {
            open("/shared", coding);
            pass(1s);
            CHECK(decoded_stream(coding, peer.receive().body) == row + row);
        }
}

TEST_CASE_FIXTURE(compress_stream_fixture, "an encoded stream waits for a peer that reads nothing") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        test_support::stubborn_wire wire(app, time);
        wire.send(request_for("/noise", coding));
        CHECK(wire.waiting.size() < 40 * 1024); // the first piece is being sent, and nothing more
        wire.take_once();
        CHECK(wire.waiting.size() > 64 * 1024);
        CHECK(wire.waiting.size() < 160 * 1024);
        wire.take_all();
        CHECK(wire.taken > 64 * 16 * 1024);
        CHECK(!wire.closed);
    }
}
