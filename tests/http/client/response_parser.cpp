// SPDX-License-Identifier: MIT
#include "http/client/response_parser.hpp"

#include "support/print.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::http;
using namespace weir::http::detail;

namespace {

constexpr client_response_parser::limits plenty{4096, 4096};

struct outcome {
    error failure;
    client_response response;
    bool done = false;
    bool keep_alive = false;
};

outcome finish(client_response_parser& parser, const result<void>& fed) {
    outcome seen;
    seen.failure = fed ? error() : fed.error();
    seen.done = parser.done();
    seen.keep_alive = parser.keep_alive();
    seen.response = parser.take();
    return seen;
}

outcome parse(std::string_view bytes, bool head = false, client_response_parser::limits most = plenty) {
    client_response_parser parser(head, most);
    return finish(parser, parser.feed(bytes));
}

outcome parse_slowly(std::string_view bytes) {
    client_response_parser parser(false, plenty);
    result<void> fed = ok();
    for (std::size_t i = 0; i < bytes.size() && fed; ++i) fed = parser.feed(bytes.substr(i, 1));
    return finish(parser, fed);
}

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("a response parses the same as a whole and byte by byte") {
    for (const std::string& bytes :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello"),
          chunked + "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n",
          std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello")}) {
        CAPTURE(bytes);
        for (const auto& seen : {parse(bytes), parse_slowly(bytes)}) {
            CHECK(!seen.failure);
            CHECK(seen.done);
            CHECK(seen.response.status == 200);
            CHECK(seen.response.body == "hello");
            CHECK(seen.keep_alive);
        }
    }
}

TEST_CASE("fields keep their order and lose the blanks around their values") {
    const auto seen = parse("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie:  b=2 \r\nContent-Length: 0\r\n\r\n");
    REQUIRE(seen.response.headers.size() == 3);
    CHECK(seen.response.headers.find("SET-COOKIE") == "a=1");
    CHECK((*++seen.response.headers.begin()).value == "b=2");
    CHECK(!seen.response.headers.contains("absent"));
}

TEST_CASE("folded fields are unfolded, including those that frame the body") {
    const std::string bytes =
        "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\t three \r\n \r\nX-B: 4\r\nX-C:\r\n 5\r\n"
        "Content-Length:\r\n 5\r\n\r\nhello";
    for (const auto& seen : {parse(bytes), parse_slowly(bytes)}) {
        REQUIRE(!seen.failure);
        CHECK(seen.done);
        CHECK(seen.keep_alive);
        CHECK(seen.response.headers.find("x-a") == "one   two  \t three");
        CHECK(seen.response.headers.find("x-b") == "4");
        CHECK(seen.response.headers.find("x-c") == "5");
        CHECK(seen.response.body == "hello");
    }
    const std::string trailing = chunked + "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\t8\r\nX-More: 9\r\n  0\r\n\r\n";
    for (const auto& seen : {parse(trailing), parse_slowly(trailing)}) {
        REQUIRE(seen.done);
        CHECK(seen.response.trailers.lines() == "X-Sum: 7\t8\r\nX-More: 9  0\r\n");
    }
}

TEST_CASE("responses to HEAD, 204 and 304 have no body, whatever they announce") {
    CHECK(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).done);
    CHECK(parse("HTTP/1.1 204 No Content\r\n\r\n").done);
    CHECK(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").done);
}

TEST_CASE("bytes after the response make the connection unusable for another request") {
    const auto seen = parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n");
    CHECK(seen.done);
    CHECK(!seen.keep_alive);
}

TEST_CASE("Connection and the version decide whether another request may follow") {
    CHECK(!parse("HTTP/1.1 204 X\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
    CHECK(!parse("HTTP/1.0 204 X\r\n\r\n").keep_alive);
    CHECK(parse("HTTP/1.0 204 X\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST_CASE("only a body without a length may end with the connection") {
    client_response_parser open_end(false, plenty);
    REQUIRE(open_end.feed("HTTP/1.1 200 OK\r\n\r\nhello"));
    CHECK(open_end.reads_until_close());
    CHECK(open_end.end_of_stream());
    CHECK(open_end.take().body == "hello");

    for (const std::string& cut :
         {std::string(), std::string("HTTP/1.1 200 OK\r\nConte"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), chunked + "5\r\nhello\r\n",
          chunked + "0\r\n"}) {
        CAPTURE(cut);
        client_response_parser parser(false, plenty);
        REQUIRE(parser.feed(cut));
        CHECK(parser.end_of_stream().error() == errc::unavailable);
    }
}

TEST_CASE("framing that two parsers could read differently is refused") {
    for (const std::string& bytes :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n") + chunked.substr(17),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
          chunked.substr(0, chunked.size() - 2) + "Transfer-Encoding: chunked\r\n\r\n",
          std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nA\r\n : 1\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\rX\r\n\r\n"),
          std::string("HTTP/2.0 200 OK\r\n\r\n"),
          std::string("HTTP/1.1 20 OK\r\n\r\n"),
          std::string("HTTP/1.1 600 X\r\n\r\n"),
          std::string("HTTP/1.1 2000\r\n\r\n"),
          std::string("SSH-2.0-OpenSSH_9\r\n\r\n\r\n"),
          std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
          chunked + "x\r\n",
          chunked + "-1\r\n",
          chunked + "0x3\r\n",
          chunked + "fffffffffffffffff\r\n",
          chunked + "1\r\nab\r\n",
          chunked + "1\nx\r\n",
          chunked + "1;" + std::string(5000, 'x')}) {
        CAPTURE(bytes);
        CHECK(parse(bytes).failure == errc::unavailable);
        CHECK(parse_slowly(bytes).failure == errc::unavailable);
    }
}

TEST_CASE("the limits hold for heads, bodies, chunks, trailers and interim responses") {
    constexpr client_response_parser::limits tight{64, 4};
    std::string interim;
    for (int i = 0; i < 5; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string filler(64, 'x');
    for (const std::string& bytes :
         {"HTTP/1.1 200 OK\r\nX: " + filler, "HTTP/1.1 200 OK\r\nX: " + filler + "\r\n\r\n",
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\nhello"),
          chunked + "3\r\nabc\r\n2\r\nde\r\n", chunked + "ffffffffffffffff\r\n",
          chunked + "0\r\nA: " + filler + "\r\n\r\n", interim}) {
        CAPTURE(bytes);
        CHECK(parse(bytes, false, tight).failure == errc::too_large);
    }
    CHECK(parse(chunked + "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", false, tight).response.body == "abcd");
}

TEST_CASE("trailers are stored separately, without those that are not allowed") {
    const std::string bytes =
        chunked + "3\r\nabc\r\n0\r\nX-Sum:  7 \r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nx-more:\r\n\r\n";
    for (const auto& seen : {parse(bytes), parse_slowly(bytes)}) {
        REQUIRE(seen.done);
        CHECK(seen.keep_alive);
        CHECK(seen.response.trailers.lines() == "X-Sum: 7\r\nx-more: \r\n");
        CHECK(!seen.response.headers.contains("x-sum"));
    }
}

TEST_CASE("a malformed trailer is refused like a malformed field") {
    for (const char* bad : {"X-Sum 7", ": 7", "X Sum: 7", " X-Sum: 7", "X-Sum: \x01"}) {
        CAPTURE(bad);
        CHECK(parse(chunked + "0\r\n" + bad + "\r\n\r\n").failure == errc::unavailable);
    }
}

TEST_CASE("an unusable response is reported as 502") {
    CHECK(parse("HTTP/1.1 two hundred\r\n\r\n").failure.status() == 502);
    CHECK(parse(chunked + "ffffffffffffffff\r\n").failure.status() == 502);
}
