// SPDX-License-Identifier: MIT
#include "http/wire/body_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using weir::http::detail::chunk_limits;
using weir::http::detail::chunk_status;
using weir::http::detail::chunk_verdict;
using weir::http::detail::chunked_decoder;
using namespace std::string_literals;

namespace {

struct decoded {
    chunk_verdict last;
    std::string body;
    std::size_t consumed = 0;

    /// Feeds the text in pieces of one size, each in its own heap block.
    decoded(std::string_view text, std::size_t piece, chunk_limits limits = {}) {
        chunked_decoder decoder(limits);
        while (!text.empty() && last.status == chunk_status::more) {
            const auto part = text.substr(0, piece);
            std::vector<char> block(part.begin(), part.end());
            last = decoder.feed(block);
            body.append(block.data(), last.produced);
            consumed += last.consumed;
            text.remove_prefix(part.size());
        }
        CHECK(decoder.produced() == body.size());
    }
};

/// 200 for done, 100 for more, else the refusal's status; the same for every piece size.
int chunked_status(std::string_view text, chunk_limits limits = {}) {
    int seen = 0;
    for (std::size_t piece = 1; piece <= text.size() && piece < 64; ++piece) {
        const decoded result(text, piece == 63 ? text.size() : piece, limits);
        const int status =
            result.last.status == chunk_status::done ? 200
            : result.last.status == chunk_status::more
                ? 100
                : result.last.http_status;
        if (seen == 0) seen = status;
        CHECK(status == seen);
        if (status >= 400) CHECK(std::string_view(result.last.reason) != "");
    }
    return seen;
}

} // namespace

TEST_CASE("chunks are joined however they are split, and what follows is left alone") {
    const std::string text = "5\r\nhello\r\n1;a=b\r\n,\r\n006\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size() + 4; ++piece) {
        const decoded result(text + "GET ", piece);
        CHECK(result.last.status == chunk_status::done);
        CHECK(result.body == "hello, world");
        CHECK(result.consumed == text.size());
    }
}

TEST_CASE("sizes are hexadecimal in both cases") {
    CHECK(decoded("A\r\n0123456789\r\n0\r\n\r\n", 100).body == "0123456789");
    CHECK(decoded("1f\r\n" + std::string(31, 'x') + "\r\n0\r\n\r\n", 100).body.size() == 31);
}

TEST_CASE("a body isn't complete before its last line feed") {
    const std::string text = "1\r\na\r\n0\r\n\r\n";
    for (std::size_t size = 1; size < text.size(); ++size) CHECK(chunked_status(text.substr(0, size)) == 100);
    CHECK(chunked_status(text) == 200);
}

TEST_CASE("a malformed chunk size is 400") {
    for (const auto& text :
         {"\r\n"s, " 1\r\n"s, "1 \r\n"s, "1\t\r\n"s, "+1\r\n"s, "-1\r\n"s, "0x1\r\n"s, "g\r\n"s, "1,\r\n"s, "1\n"s,
          "1\ra"s, "1\r\r"s, "\n"s, "1\0\r\n"s, "10000000000000000\r\n"s, "fffffffffffffffff\r\n"s, "\xb1\r\n"s,
          "1.0\r\n"s}) {
        CAPTURE(text);
        CHECK(chunked_status(text) == 400);
    }
}

TEST_CASE("data that doesn't end with CRLF at its size is 400") {
    for (const auto* text : {"1\r\nab", "1\r\na\n", "1\r\na\rb", "2\r\na\r\n0\r\n\r\n"}) {
        CAPTURE(text);
        CHECK(chunked_status(text) == 400);
    }
}

TEST_CASE("chunk extensions are checked for syntax") {
    for (const auto* line : {"1;a", "1;a=b", "1;a=b;c", "1 ; a = b", "1;a=\"b c\\\"\\\\\x80;\r\"", "1;a=\"\"", "1;a ;b",
                             "1\t;a=\"x\" ;b"}) {
        CAPTURE(line);
        const bool has_cr = std::string_view(line).find('\r') != std::string_view::npos;
        CHECK(chunked_status(std::string(line) + "\r\nx\r\n0\r\n\r\n") == (has_cr ? 400 : 200));
    }
    for (const auto& line :
         {"1;"s, "1;;a"s, "1;=b"s, "1;a="s, "1;a=;b"s, "1;a b"s, "1;a=b c"s, "1;a=b "s, "1 a"s, "1;a=\"b"s,
          "1;a=\"b\"c"s, "1;a\n"s, "1;a=\"\n\""s, "1;a\0"s, "1;a=\x80"s, "1;a=\"\\\x01\""s, "1;a=b\rc"s}) {
        CAPTURE(line);
        CHECK(chunked_status(line + "\r\nx\r\n0\r\n\r\n") == 400);
    }
}

TEST_CASE("trailers are checked for syntax") {
    CHECK(chunked_status("0\r\nA: b\r\nB:\r\nContent-Length: 9\r\n\r\n") == 200);
    for (const auto& line :
         {": v"s, " A: b"s, "A b"s, "A : b"s, "A: b\r\n c"s, "A: b\nB: c"s, "A: \0"s, "A\x80: b"s, "A: b\rc"s, "A"s}) {
        CAPTURE(line);
        CHECK(chunked_status("0\r\n" + line + "\r\n\r\n") == 400);
    }
    CHECK(chunked_status("0\r\n\n") == 400);
    CHECK(chunked_status("0\r\n\rx") == 400);
}

TEST_CASE("a body over its limit is 413 as soon as a size exceeds it") {
    CHECK(chunked_status("5\r\nhello\r\n0\r\n\r\n", {.body = 5}) == 200);
    CHECK(chunked_status("6\r\n", {.body = 5}) == 413);
    CHECK(chunked_status("3\r\nabc\r\n3\r\n", {.body = 5}) == 413);
    CHECK(chunked_status("3\r\nabc\r\nffffffffffffffff\r\n", {.body = 5}) == 413);
    CHECK(chunked_status("ffffffffffffffff\r\n", {.body = ~std::uint64_t{0}}) == 100);
    CHECK(chunked_status("1\r\na\r\nffffffffffffffff\r\n", {.body = ~std::uint64_t{0}}) == 413);
    CHECK(chunked_status("0\r\n\r\n", {.body = 0}) == 200);
}

TEST_CASE("extensions, trailers and leading zeros share one budget") {
    const chunk_limits limits{.overhead = 10};
    CHECK(chunked_status("1;a=345678\r\nx\r\n0\r\n\r\n", limits) == 200); // the CR is the tenth
    CHECK(chunked_status("1;a=3456789\r\nx\r\n0\r\n\r\n", limits) == 413);
    CHECK(chunked_status("00000000000\r\n\r\n", limits) == 200);
    CHECK(chunked_status("000000000000\r\n\r\n", limits) == 413);
    CHECK(chunked_status("0\r\nA: 4567\r\n\r\n", limits) == 200);
    CHECK(chunked_status("0\r\nA: 45678901\r\n\r\n", limits) == 413);
    CHECK(chunked_status("1;abcd\r\nx\r\n0001\r\nx\r\n00\r\nA:\r\n\r\n", limits) == 413);
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "1\r\nx\r\n";
    CHECK(decoded(many + "0\r\n\r\n", many.size() + 5, limits).body.size() == 10'000);
    CHECK(chunked_status("0\r\n" + std::string(20'000, 'A')) == 413);
}

TEST_CASE("trailers are stored line by line, however they are split") {
    const std::string text = "1;x=y\r\na\r\n0\r\nA: b \r\nC:\r\n\r\nGET ";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        chunked_decoder decoder;
        auto status = chunk_status::more;
        for (std::size_t at = 0; status == chunk_status::more; at += piece) {
            std::string part = text.substr(at, piece);
            status = decoder.feed({part.data(), part.size()}).status;
        }
        CHECK(status == chunk_status::done);
        CHECK(decoder.trailer_lines() == "A: b \nC:\n");
    }
}
