// SPDX-License-Identifier: MIT
#include "http/wire/head_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;

namespace {

const head_limits small{.line = 60, .head = 150, .fields = 4};

/// One input for each kind of verdict, made to stop at every place in the parser.
const std::vector<std::string>& inputs() {
    static const std::string get = "GET /a?b HTTP/1.1\r\n";
    static const std::vector<std::string> all{
        get + "Host: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\nbody",
        "\r\nPOST http://a.example:80/b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "OPTIONS * HTTP/1.4\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n",
        get + "Host: a\r\nX-Some-0dd_name: " + std::string(30, 'v') + "\r\nB:\t\r\n\r\nGET / HTTP/1.1\r\n",
        get + "\r\n",
        get + "Host: a b\r\n\r\n",
        get + "Host: a\r\nHost: b\r\n\r\n",
        get + "Host: a\n\r\n",
        get + "Host: a\r\r\n",
        get + "Host : a\r\n\r\n",
        get + " Host: a\r\n\r\n",
        get + "Host: a\r\nA: b\r\n c\r\n\r\n",
        get + "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        get + "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        get + "Host: a\r\nExpect: rain\r\n\r\n",
        get + "Host: a\r\nA: " + std::string(58, 'v') + "\r\n\r\n",
        get + "Host: a\r\nA: " + std::string(59, 'v') + "\x01\r\n\r\n",
        get + "Host: a\r\n" + std::string(70, 'n') + " : b\r\n\r\n",
        get + "Host: a\r\nA: " + std::string(50, 'v') + "\r\nB: " + std::string(50, 'v') +
            "\r\nC: dd\r\n\x01: x\r\n\r\n",
        get + "Host: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: \x01\r\n\r\n",
        "GET /" + std::string(60, 'a') + "\x01 HTTP/1.1\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.12\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n",
        "\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00", 7),
        get + "Host: a\r\nA: b",
    };
    return all;
}

bool same(const head_verdict& a, const head_verdict& b) {
    return a.status == b.status && a.http_status == b.http_status && std::string_view(a.reason) == b.reason;
}

/// Feeds one more byte each time, parsing when the helper says so and at the very end.
head_verdict dribbled(std::string_view text, request_head& head) {
    std::uint32_t scanned = 0;
    for (std::size_t size = 0; size < text.size(); ++size) {
        if (!may_complete(text.substr(0, size), scanned)) continue;
        const auto verdict = parse_head(text.substr(0, size), small, head);
        if (verdict.status != head_status::incomplete) return verdict;
    }
    return parse_head(text, small, head);
}

} // namespace

TEST_CASE("every prefix of an input is incomplete or gets the whole's verdict") {
    for (const auto& text : inputs()) {
        CAPTURE(text);
        request_head whole;
        const auto verdict = parse_head(text, small, whole);
        for (std::size_t size = 0; size < text.size(); ++size) {
            CAPTURE(size);
            const std::vector<char> block(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
            request_head part;
            const auto early = parse_head({block.data(), block.size()}, small, part);
            const bool complete_at_its_end = verdict.status == head_status::complete && size >= whole.size;
            if (complete_at_its_end) {
                CHECK(early.status == head_status::complete);
                CHECK(part.size == whole.size);
            } else if (early.status != head_status::incomplete) {
                CHECK(same(early, verdict));
            }
        }
    }
}

TEST_CASE("input that arrives byte by byte gets the whole's verdict") {
    for (const auto& text : inputs()) {
        CAPTURE(text);
        request_head whole;
        request_head part;
        const auto verdict = parse_head(text, small, whole);
        CHECK(same(dribbled(text, part), verdict));
        if (verdict.status == head_status::complete) CHECK(part.size == whole.size);
    }
}

TEST_CASE("a bare line feed is refused without waiting for the blank line") {
    request_head head;
    for (const auto* text :
         {"GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nA: b\n", "GET / HTTP/1.1\r\nA\n", "GET /\n", "GE\n"})
        CHECK(parse_head(text, {}, head).http_status == 400);
}
