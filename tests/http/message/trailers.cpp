// SPDX-License-Identifier: MIT
#include "http/message/trailers.hpp"

#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::string lines_of(const http::header_list& fields) { return std::string(fields.lines()); }

std::string post_with_trailers(const std::string& path, const std::string& trailers) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n" + trailers +
           "\r\n";
}

struct trailers_fixture {
    manual_clock time;
    router app;
    test_client peer{app, {.clock = &time}};

    trailers_fixture() {
        app.post("/plain", [](const request& req) { return lines_of(req.trailers()); });
        app.post("/later", [](const request& req) -> task<std::string> {
            co_await sleep_for(1s);
            co_return lines_of(req.trailers());
        });
        app.post("/read", [](body_reader in) -> task<result<std::string>> {
            const auto body = co_await in.read_all(10);
            if (!body) co_return body.error();
            co_return *body + " " + lines_of(in.trailers());
        });
        app.post("/early", [](body_reader in) -> task<std::string> { co_return lines_of(in.trailers()); });
        app.post("/stream", [](const request&) {
            return stream([](body_writer& out) -> task<result<void>> { co_return co_await out.write("streamed"); });
        });
    }

    std::string answer(const std::string& bytes) {
        peer.write(bytes);
        peer.poll();
        time.advance(1s);
        peer.poll();
        const auto res = peer.receive();
        CHECK(res.status == 200);
        return res.body;
    }
};

} // namespace

TEST_CASE_FIXTURE(trailers_fixture, "a request's trailers are stored separately, never among its fields") {
    CHECK(answer(post_with_trailers("/plain", "X-Sum:  7 \r\nx-more:\r\n")) == "X-Sum: 7\r\nx-more: \r\n");
    CHECK(answer(post_with_trailers("/plain", "")).empty());
    app.post("/fields", [](const request& req) { return std::string(req.header("x-sum")); });
    CHECK(answer(post_with_trailers("/fields", "X-Sum: 7\r\n")).empty());
}

TEST_CASE_FIXTURE(trailers_fixture, "the next request on the connection doesn't see the previous one's trailers") {
    for (const char* path : {"/plain", "/later", "/read"}) {
        CAPTURE(path);
        CHECK(answer(post_with_trailers(path, "a: 1\r\n")).ends_with("a: 1\r\n"));
        CHECK(answer(post_with_trailers("/later", "")).empty());
        CHECK(answer(post_with_trailers("/plain", "")).empty());
        CHECK(answer("POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").empty());
    }
}

TEST_CASE_FIXTURE(trailers_fixture, "a handler that waits while others are served still has its trailers") {
    test_client other(app, {.clock = &time});
    peer.write(post_with_trailers("/later", "a: 1\r\n"));
    other.write(post_with_trailers("/plain", "b: 2\r\n"));
    CHECK(other.receive().body == "b: 2\r\n");
    peer.poll();
    time.advance(1s);
    peer.poll();
    CHECK(peer.receive().body == "a: 1\r\n");
}

TEST_CASE_FIXTURE(trailers_fixture, "a reader has them after reading to the end, however the bytes are split") {
    const std::string bytes = post_with_trailers("/read", "a: 1\r\nB: 2\r\n");
    for (std::size_t split = 1; split < bytes.size(); ++split) {
        CAPTURE(split);
        peer.write(bytes.substr(0, split));
        peer.poll();
        CHECK(answer(bytes.substr(split)) == "hi a: 1\r\nB: 2\r\n");
    }
    CHECK(answer(post_with_trailers("/early", "a: 1\r\n")).empty());
}

TEST_CASE_FIXTURE(trailers_fixture, "a plain handler's stream ignores them") {
    CHECK(answer(post_with_trailers("/stream", "a: 1\r\n")) == "streamed");
}

TEST_CASE_FIXTURE(trailers_fixture, "fields not allowed after a body are ignored") {
    const std::string misplaced =
        "Content-Length: 9\r\nTransfer-Encoding: x\r\nhost: evil\r\nAuthorization: Bearer x\r\n"
        "X-Forwarded-For: 1.2.3.4\r\nIf-Match: *\r\nproxy-x: 1\r\nSet-Cookie: a=b\r\n";
    CHECK(answer(post_with_trailers("/plain", misplaced + "kept: 1\r\n" + misplaced)) == "kept: 1\r\n");
    CHECK(answer(post_with_trailers("/plain", misplaced)).empty());
    CHECK(http::detail::fits_trailers("etag"));
    CHECK(http::detail::fits_trailers("Server-Timing"));
    CHECK(!http::detail::fits_trailers("CONTENT-TYPE"));
}

TEST_CASE("trailers count towards the overhead limit of a chunked body") {
    router app;
    app.post("/", [](const request& req) { return lines_of(req.trailers()); });
    test_client peer(app);
    peer.write(post_with_trailers("/", "a: " + std::string(17 * 1024, 'x') + "\r\n"));
    CHECK(peer.receive().status == 413);
}

TEST_CASE("trailers for framing, routing, identity or content are never sent") {
    router app;
    app.get("/", [] {
        return stream([](body_writer& out) -> task<result<void>> {
            for (const char* name :
                 {"Content-Length", "transfer-encoding", "host", "authorization", "Set-Cookie", "cookie",
                  "content-type", "content-encoding", "content-range", "trailer", "location", "www-authenticate",
                  "cache-control", "connection", "date", "proxy-authenticate", "access-control-allow-origin",
                  "x-forwarded-for"})
                out.trailers().add(name, "1");
            out.trailers().add("X-Sum", "7").add("server-timing", "db;dur=3");
            co_return co_await out.write("hi");
        });
    });
    test_client peer(app);
    peer.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    const std::string sent = peer.output();
    CHECK(sent.ends_with("\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nserver-timing: db;dur=3\r\n\r\n"));
}
