// SPDX-License-Identifier: MIT
// What a client may send and the response, line by line. Everything that is refused here is answered with the JSON
// error body, once, before the connection closes, however the bytes are split in two.
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace std::string_literals;

namespace {

struct line {
    std::string input;
    int status;
    const char* why;
};

std::string start(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }

std::string get_request(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }

std::string post_request(const std::string& fields, const std::string& body = {}) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string chunks(const std::string& body) { return post_request("Transfer-Encoding: chunked\r\n", body); }

std::string many_fields(int count) {
    std::string fields = "Host: a\r\n";
    for (int i = 1; i < count; ++i) fields += "A: b\r\n";
    return fields;
}

const std::vector<line> request_lines{
    {start("GET"), 400, "RFC 9112 section 3: method SP target SP version"},
    {start("GET /"), 400, "RFC 9112 section 3: HTTP/0.9 is none of them"},
    {start("GET  / HTTP/1.1"), 400, "RFC 9112 section 3: one space"},
    {start("GET /  HTTP/1.1"), 400, "RFC 9112 section 3: one space"},
    {start("GET / HTTP/1.1 "), 400, "RFC 9112 section 3: nothing after the version"},
    {start(" GET / HTTP/1.1"), 400, "RFC 9112 section 3: nothing before the method"},
    {start("GET\t/ HTTP/1.1"), 400, "RFC 9112 section 3: SP alone parts"},
    {start("GET /a b HTTP/1.1"), 400, "RFC 9112 section 3.2: no whitespace in the target"},
    {start("GET /\x01 HTTP/1.1"), 400, "RFC 9112 section 3.2: no control character in the target"},
    {start("GET /\x7f HTTP/1.1"), 400, "RFC 9112 section 3.2: no control character in the target"},
    {start("GET /\0 HTTP/1.1"s), 400, "RFC 9112 section 3.2: no NUL in the target"},
    {start("GET /caf\xc3\xa9 HTTP/1.1"), 400, "RFC 3986 section 2: a URL is ASCII"},
    {start("GET /a#b HTTP/1.1"), 400, "RFC 9112 section 3.2: no fragment"},
    {start("GET a HTTP/1.1"), 400, "RFC 9112 section 3.2: neither a path nor a URL"},
    {start("GET * HTTP/1.1"), 400, "RFC 9112 section 3.2.4: * is for OPTIONS"},
    {start("GET http:///a HTTP/1.1"), 400, "RFC 9110 section 4.2.1: an empty host"},
    {start("GET http://u@a/ HTTP/1.1"), 400, "RFC 9110 section 4.2.4: a user in the target"},
    {start("GET /%zz HTTP/1.1"), 400, "RFC 3986 section 2.1: a broken escape"},
    {start("GET /%00 HTTP/1.1"), 400, "RFC 3986 section 7.3: an encoded NUL"},
    {start("GET /%ff HTTP/1.1"), 400, "RFC 3986 section 2.5: not UTF-8"},
    {start("GET /a/../b HTTP/1.1"), 400, "RFC 3986 section 3.3: a dot segment"},
    {start("GET /a/%2e%2E/b HTTP/1.1"), 400, "RFC 3986 section 3.3: a dot segment, encoded"},
    {start("G(T / HTTP/1.1"), 400, "RFC 9110 section 9.1: a method is a token"},
    {start("G\x80T / HTTP/1.1"), 400, "RFC 9110 section 9.1: a method is a token"},
    {start("BREW / HTTP/1.1"), 501, "RFC 9110 section 9.1: an unknown method"},
    {start("get / HTTP/1.1"), 501, "RFC 9110 section 9.1: methods are case-sensitive"},
    {start("CONNECT a:443 HTTP/1.1"), 501, "RFC 9110 section 9.3.6: no proxy"},
    {start("GET / HTTP/1"), 400, "RFC 9112 section 2.3: HTTP/d.d"},
    {start("GET / HTTP/1.10"), 400, "RFC 9112 section 2.3: HTTP/d.d"},
    {start("GET / http/1.1"), 400, "RFC 9112 section 2.3: the name is case-sensitive"},
    {start("GET / HTTP/0.9"), 505, "RFC 9110 section 15.6.6"},
    {start("GET / HTTP/2.0"), 505, "RFC 9110 section 15.6.6"},
    {"PRI * HTTP/2.0\r\n\r\n", 505, "RFC 9113 section 3.4: no HTTP/2 in clear"},
    {"\r\n\r\n" + start("GET / HTTP/1.1"), 400, "RFC 9112 section 2.2: one empty line at most"},
    {"\n" + start("GET / HTTP/1.1"), 400, "RFC 9112 section 2.2: a bare LF"},
    {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "RFC 9112 section 2.2: a bare LF"},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "RFC 9112 section 2.2: a bare CR"},
    {start("GET /" + std::string(9000, 'a') + " HTTP/1.1"), 414, "RFC 9112 section 3: over 8 KiB"},
};

const std::vector<line> field_lines{
    {get_request(""), 400, "RFC 9112 section 3.2: no Host"},
    {get_request("Host: a\r\nHost: a\r\n"), 400, "RFC 9112 section 3.2: two Hosts"},
    {get_request("Host: a\r\nhost: b\r\n"), 400, "RFC 9112 section 3.2: two Hosts"},
    {get_request("Host:\r\n"), 400, "RFC 9112 section 3.2: an empty Host"},
    {get_request("Host: a b\r\n"), 400, "RFC 9112 section 3.2: an invalid Host"},
    {get_request("Host: a/b\r\n"), 400, "RFC 9112 section 3.2: an invalid Host"},
    {get_request("Host: u@a\r\n"), 400, "RFC 9112 section 3.2: an invalid Host"},
    {get_request("Host: a:b\r\n"), 400, "RFC 9112 section 3.2: an invalid port"},
    {get_request("Host: [::1\r\n"), 400, "RFC 9112 section 3.2: an invalid Host"},
    {"GET http://a/ HTTP/1.1\r\n\r\n", 400, "RFC 9112 section 3.2.2: Host beside a URL too"},
    {get_request("Host : a\r\n"), 400, "RFC 9112 section 5.1: a space before the colon"},
    {get_request("Host\t: a\r\n"), 400, "RFC 9112 section 5.1: a tab before the colon"},
    {get_request("Host: a\r\nA: b\r\n c\r\n"), 400, "RFC 9112 section 5.2: obs-fold"},
    {get_request("Host: a\r\nA: b\r\n\tc\r\n"), 400, "RFC 9112 section 5.2: obs-fold"},
    {get_request(" Host: a\r\n"), 400, "RFC 9112 section 2.2: whitespace before the first field"},
    {get_request("Host: a\r\nA: b\rc\r\n"), 400, "RFC 9110 section 5.5: a bare CR"},
    {get_request("Host: a\r\nA: b\nC: d\r\n"), 400, "RFC 9110 section 5.5: a bare LF"},
    {get_request("Host: a\r\nA: b\0c\r\n"s), 400, "RFC 9110 section 5.5: a NUL"},
    {get_request("Host: a\r\nA: \x01\r\n"), 400, "RFC 9110 section 5.5: a control character"},
    {get_request("Host: a\r\nA: \x7f\r\n"), 400, "RFC 9110 section 5.5: a control character"},
    {get_request("Host: a\r\nNa me: b\r\n"), 400, "RFC 9110 section 5.1: a name is a token"},
    {get_request("Host: a\r\nNa(me: b\r\n"), 400, "RFC 9110 section 5.1: a name is a token"},
    {get_request("Host: a\r\nN\xc3\xa9: b\r\n"), 400, "RFC 9110 section 5.1: a name is a token"},
    {get_request("Host: a\r\n: b\r\n"), 400, "RFC 9110 section 5.1: an empty name"},
    {get_request("Host: a\r\nA\r\n"), 400, "RFC 9112 section 5: no colon"},
    {get_request("Host: a\r\nConnection: a b\r\n"), 400, "RFC 9110 section 7.6.1: a list of tokens"},
    {get_request("Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400,
     "RFC 9110 section 5.3: two of a field that is no list"},
    {get_request("Host: a\r\nAuthorization: Bearer a\r\nB: c\r\nauthorization:\tBearer a\r\n"), 400,
     "RFC 9110 section 5.3: two of a field that is no list, be they the same"},
    {get_request("Authorization:\r\nHost: a\r\nAUTHORIZATION: Basic Og==\r\n"), 400,
     "RFC 9110 section 5.3: two of a field that is no list, one empty"},
    {post_request("Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n", "{}"), 400,
     "RFC 9110 section 8.3: two types of one body"},
    {post_request("Content-Type: text/plain\r\ncontent-type:text/plain\r\n"), 400,
     "RFC 9110 section 8.3: two types of one body, be they the same"},
    {get_request("Host: a\r\nA: " + std::string(17000, 'b') + "\r\n"), 431, "RFC 6585 section 5: a line over 16 KiB"},
    {get_request("Host: a\r\nA: " + std::string(8000, 'b') + "\r\nC: " + std::string(8100, 'd') +
                 "\r\nE: " + std::string(300, 'f') + "\r\n"),
     431, "RFC 6585 section 5: a head over 16 KiB"},
    {get_request(many_fields(101)), 431, "RFC 6585 section 5: over 100 fields"},
};

const std::vector<line> framing{
    {post_request("Content-Length:\r\n"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: a\r\n"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: +3\r\n", "abc"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: -1\r\n"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: 0x3\r\n", "abc"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: 3 3\r\n", "abc"), 400, "RFC 9112 section 6.3: digits"},
    {post_request("Content-Length: 3, 4\r\n", "abcd"), 400, "RFC 9112 section 6.3: a list that differs"},
    {post_request("Content-Length: 3, 3\r\n", "abc"), 400, "RFC 9112 section 6.3: a list may be refused"},
    {post_request("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400, "RFC 9112 section 6.3: two that differ"},
    {post_request("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400,
     "RFC 9112 section 6.3: two may be refused"},
    {post_request("Content-Length: 18446744073709551616\r\n"), 400, "RFC 9112 section 6.3: an overflow"},
    {post_request("Content-Length: 99999999999999999999999\r\n"), 400, "RFC 9112 section 6.3: an overflow"},
    {post_request("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.1: both"},
    {post_request("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.1: both"},
    {post_request("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.1: both"},
    {post_request("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 400, "RFC 9112 section 6.1: both"},
    {post_request("Transfer-Encoding:\r\n"), 400, "RFC 9112 section 6.3: doesn't end with chunked"},
    {post_request("Transfer-Encoding: identity\r\n"), 400, "RFC 9112 section 6.3: doesn't end with chunked"},
    {post_request("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.3: doesn't end with chunked"},
    {post_request("Transfer-Encoding: chunked, gzip\r\n"), 400, "RFC 9112 section 6.3: doesn't end with chunked"},
    {post_request("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400, "RFC 9112 section 6.1: chunked twice"},
    {post_request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.1: chunked twice"},
    {post_request("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 7: chunked has no parameters"},
    {post_request("Transfer-Encoding: \x0b"
                  "chunked\r\n",
                  "0\r\n\r\n"),
     400, "RFC 9110 section 5.5: a control character"},
    {post_request("Transfer-Encoding: chunked\x85\r\n", "0\r\n\r\n"), 400,
     "RFC 9112 section 6.3: doesn't end with chunked"},
    {post_request("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, "RFC 9112 section 6.1: an unknown coding"},
    {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "RFC 9112 section 6.1: in HTTP/1.0"},
    {post_request("Content-Length: 1048577\r\n"), 413, "RFC 9110 section 15.5.14: announced over 1 MiB"},
    {post_request("Content-Length: 1048577\r\nExpect: 100-continue\r\n"), 413,
     "RFC 9110 section 10.1.1: no 100 before it"},
    {post_request("Content-Length: 18446744073709551615\r\n"), 413, "RFC 9110 section 15.5.14: the largest number"},
    {post_request("Content-Length: 3\r\nExpect: a-miracle\r\n", "abc"), 417,
     "RFC 9110 section 10.1.1: another expectation"},
};

const std::vector<line> chunked_bodies{
    {chunks("\r\n"), 400, "RFC 9112 section 7.1: no size"},
    {chunks("z\r\n"), 400, "RFC 9112 section 7.1: hexadecimal digits"},
    {chunks("0x3\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: hexadecimal digits"},
    {chunks("-1\r\n"), 400, "RFC 9112 section 7.1: hexadecimal digits"},
    {chunks("+3\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: hexadecimal digits"},
    {chunks(" 3\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: nothing before the size"},
    {chunks("3 \r\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: nothing after the size but an extension"},
    {chunks("11111111111111111\r\n"), 400, "RFC 9112 section 7.1: an overflow"},
    {chunks("ffffffffffffffff\r\n"), 413, "RFC 9110 section 15.5.14: the largest size"},
    {chunks("100001\r\n"), 413, "RFC 9110 section 15.5.14: a chunk over 1 MiB"},
    {chunks("3\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 2.2: a bare LF"},
    {chunks("3\rabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 2.2: a bare CR"},
    {chunks("3\r\nabcd\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: no CRLF after the data"},
    {chunks("3\r\nabc0\r\n\r\n"), 400, "RFC 9112 section 7.1: no CRLF after the data"},
    {chunks("3\r\nab\r\n\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1: less than was announced"},
    {chunks("3\r\nabc\n0\r\n\r\n"), 400, "RFC 9112 section 2.2: a bare LF"},
    {chunks("3;\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9112 section 7.1.1: an extension without a name"},
    {chunks("3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9110 section 5.6.4: a control character in quotes"},
    {chunks("3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"), 400, "RFC 9110 section 5.6.4: a line end in quotes"},
    {chunks("0\r\n: b\r\n\r\n"), 400, "RFC 9112 section 7.1.2: a trailer without a name"},
    {chunks("0\r\nA : b\r\n\r\n"), 400, "RFC 9112 section 5.1: a space before a trailer's colon"},
    {chunks("0\r\nA: b\r\n c\r\n\r\n"), 400, "RFC 9112 section 5.2: obs-fold in a trailer"},
    {chunks("0\r\nA: b\n\r\n"), 400, "RFC 9112 section 2.2: a bare LF in a trailer"},
    {chunks("0\r\n\n"), 400, "RFC 9112 section 2.2: a bare LF at the end"},
    {chunks(std::string(17000, '0') + "3\r\nabc\r\n0\r\n\r\n"), 413, "RFC 9112 section 7.1.1: 16 KiB of padding"},
    {chunks("3;a=" + std::string(17000, 'b') + "\r\nabc\r\n0\r\n\r\n"), 413, "RFC 9112 section 7.1.1: of extensions"},
    {chunks("0\r\nA: " + std::string(17000, 'b') + "\r\n\r\n"), 413, "RFC 9112 section 7.1.2: of trailers"},
};

/// Accepted, with this body; the connection stays open.
const std::vector<std::pair<std::string, std::string>> taken{
    {start("GET / HTTP/1.1"), "root"},
    {start("GET / HTTP/1.2"), "root"},                                                    // RFC 9110 section 2.5
    {start("GET / HTTP/1.9"), "root"},                                                    // RFC 9110 section 2.5
    {"\r\n" + start("GET / HTTP/1.1"), "root"},                                           // RFC 9112 section 2.2
    {start("GET http://b.example/ HTTP/1.1"), "root"},                                    // RFC 9112 section 3.2.2
    {start("GET http://b.example HTTP/1.1"), "root"},                                     // RFC 9110 section 4.2.1
    {start("GET /?a=%20&b=? HTTP/1.1"), "root"},                                          // RFC 3986 section 3.4
    {get_request("Host: [::1]:80\r\nA:\r\nB: \t\x80 \"()\r\nConnection: ,\r\n"), "root"}, // RFC 9110 section 5.5
    {get_request("Host: a\r\nAccept: b\r\nAccept: c\r\nCookie: d=e\r\nCookie: f=g\r\n"),
     "root"},                                                                          // RFC 9110 section 5.3
    {get_request(many_fields(100)), "root"},                                           // at the limit
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "root"},                      // RFC 9112 section 9.3
    {post_request("Content-Length: 003\r\n", "abc"), "abc"},                           // RFC 9110 section 8.6
    {post_request("Content-Length: 0\r\n"), ""},                                       // RFC 9110 section 8.6
    {post_request(""), ""},                                                            // RFC 9112 section 6.3
    {post_request("transfer-encoding: ChunKed \r\n", "3\r\nabc\r\n0\r\n\r\n"), "abc"}, // RFC 9112 section 7
    {chunks("0\r\n\r\n"), ""},                                                         // RFC 9112 section 7.1
    {chunks("0A\r\n0123456789\r\n00\r\n\r\n"), "0123456789"},                          // RFC 9112 section 7.1
    {chunks("1;a\r\na\r\n1 ; b = \"c\\\"\"\r\nb\r\n0;d=e\r\n\r\n"), "ab"},             // RFC 9112 section 7.1.1
    {chunks("1\r\na\r\n0\r\nContent-Length: 9\r\nHost: c\r\n\r\n"), "a"}, // RFC 9110 section 6.5.1: dropped
    {"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na", "a"}, // 10.1.1
};

struct strictness_fixture {
    router app;
    int handled = 0;

    strictness_fixture() {
        app.get("/", [this] {
            ++handled;
            return "root";
        });
        app.post("/echo", [this](request& req) {
            ++handled;
            return std::string(req.body());
        });
    }

    /// Checks for exactly one response to a refused request, however it arrived.
    void check_refusal(test_client& peer, const line& expected) {
        const auto res = peer.receive();
        CHECK(res.status == expected.status);
        CHECK(res.header("content-type") == "application/json");
        CHECK(res.body.starts_with(R"({"code":")"));
        CHECK(res.body.find(R"(","message":")") != std::string::npos);
        CHECK(res.body.ends_with(R"(","details":[]})"));
        CHECK(res.closes);
        CHECK(peer.closed());
        CHECK(peer.output().empty());
        CHECK(handled == 0);
    }

    void send_in_two(const std::string& bytes, std::size_t split, const line& expected) {
        CAPTURE(split);
        test_client peer(app);
        peer.write(std::string_view(bytes).substr(0, split));
        peer.write(std::string_view(bytes).substr(split));
        check_refusal(peer, expected);
    }

    /// Every position; for long inputs every 61st, and all near their ends.
    void check_at_every_split(const line& expected) {
        CAPTURE(expected.why);
        CAPTURE(expected.input.substr(0, 100));
        const auto size = expected.input.size();
        for (std::size_t split = 0; split <= size; split += size < 1000 || split < 100 || split + 100 > size ? 1 : 61)
            send_in_two(expected.input, split, expected);
        test_client peer(app);
        for (const char byte : expected.input) peer.write({&byte, 1});
        check_refusal(peer, expected);
    }

    void check_all(const std::vector<line>& lines) {
        for (const auto& one : lines) check_at_every_split(one);
    }
};

} // namespace

TEST_CASE_FIXTURE(strictness_fixture, "request lines that are refused") { check_all(request_lines); }

TEST_CASE_FIXTURE(strictness_fixture, "header fields that are refused") { check_all(field_lines); }

TEST_CASE_FIXTURE(strictness_fixture, "framing that is refused") { check_all(framing); }

TEST_CASE_FIXTURE(strictness_fixture, "chunked bodies that are refused") { check_all(chunked_bodies); }

TEST_CASE_FIXTURE(strictness_fixture, "requests that are taken, at every split") {
    for (const auto& one : taken) {
        const std::string& input = one.first;
        const std::string& expected = one.second;
        CAPTURE(input);
        for (std::size_t split = 0; split <= input.size(); ++split) {
            CAPTURE(split);
            test_client peer(app);
            peer.write(std::string_view(input).substr(0, split));
            peer.write(std::string_view(input).substr(split));
            const auto res = peer.receive();
            CHECK(res.status == 200);
            CHECK(res.body == expected);
            CHECK(!peer.closed());
            CHECK(peer.output().empty());
        }
    }
}

TEST_CASE_FIXTURE(strictness_fixture, "what follows a refused request is never served, what precedes it is") {
    const auto good = start("GET / HTTP/1.1");
    for (const auto* lines : {&request_lines, &field_lines, &framing, &chunked_bodies}) {
        for (const auto& one : *lines) {
            CAPTURE(one.why);
            handled = 0;
            test_client peer(app);
            peer.write(good + one.input + good + good);
            CHECK(peer.receive().body == "root");
            CHECK(peer.receive().status == one.status);
            CHECK(peer.closed());
            CHECK(peer.output().empty());
            CHECK(handled == 1);
        }
    }
}

TEST_CASE_FIXTURE(strictness_fixture, "a body truncated by the peer's close is a 400 and reaches no handler") {
    for (const auto& whole :
         {post_request("Content-Length: 3\r\n", "abc"), chunks("3\r\nabc\r\n0\r\n\r\n"), get_request("Host: a\r\n")}) {
        CAPTURE(whole);
        for (std::size_t cut = 1; cut < whole.size(); ++cut) {
            CAPTURE(cut);
            test_client peer(app);
            peer.write(std::string_view(whole).substr(0, cut));
            peer.write_end();
            check_refusal(peer, {whole, 400, "RFC 9112 section 8"});
        }
    }
}
