// SPDX-License-Identifier: MIT
#include "redis/wire/reply_reader.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using weir::errc;
using weir::redis::reply;
using weir::redis::reply_view;
using weir::redis::detail::reply_reader;

namespace {

std::vector<std::string> all_replies(reply_reader& reader) {
    std::vector<std::string> all;
    while (const auto* const tree = reader.next()) all.push_back(reply(reply_view(*tree, 0)).describe());
    return all;
}

std::string array_head(std::size_t elements) { return "*" + std::to_string(elements) + "\r\n"; }

} // namespace

TEST_CASE("replies are the same however the bytes are cut") {
    const std::string_view bytes =
        "+OK\r\n$3\r\nabc\r\n:7\r\n$-1\r\n*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$2\r\n\r\n\r\n-ERR x\r\n*-1\r\n";
    const std::vector<std::string> expected{
        "\"OK\"", "\"abc\"", "7", "nil", "[1, [\"a\", []], \"\r\n\"]", "\"ERR x\"", "nil"};
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        reply_reader reader(1024);
        std::vector<std::string> all;
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            reader.feed(bytes.substr(at, size));
            for (auto& one : all_replies(reader)) all.push_back(std::move(one));
        }
        CHECK(all == expected);
    }
}

TEST_CASE("elements of nested arrays are visited in order") {
    reply_reader reader(1024);
    reader.feed("*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n:3\r\n");
    const auto* const tree = reader.next();
    REQUIRE(tree);
    const reply_view whole(*tree, 0);
    CHECK(whole.size() == 2);
    std::vector<std::int64_t> seen;
    for (const reply_view row : whole)
        for (const reply_view one : row) seen.push_back(one.integer());
    CHECK(seen == std::vector<std::int64_t>{1, 2, 3});
    CHECK(reply(*++whole.begin()).describe() == "[3]");
}

TEST_CASE("a reply over the limit is too large, however it is made") {
    const auto refused = [](std::string_view bytes) {
        reply_reader reader(1000);
        reader.feed(bytes);
        CHECK_FALSE(reader.next());
        CHECK_FALSE(reader.next());
        return reader.failure();
    };
    std::string many = array_head(200);
    for (int i = 0; i < 100; ++i) many += "$20\r\n12345678901234567890\r\n";
    CHECK(refused(many) == errc::too_large);
    CHECK(refused("*1000000000\r\n") == errc::too_large);
    CHECK(refused("$1000000000\r\n" + std::string(1100, 'x')) == errc::too_large);
    CHECK(refused("*2\r\n:1\r\n*2147483647\r\n") == errc::too_large);
}

TEST_CASE("bytes that aren't RESP are a clear error and end the connection's replies") {
    for (const std::string_view bytes : {"HTTP/1.1 400 Bad Request\r\n", "*x\r\n", ":12a\r\n", "$-7\r\n",
                                         "*99999999999999999999\r\n", "\r\n", "$abc\r\n"}) {
        CAPTURE(bytes);
        reply_reader reader(1 << 20);
        reader.feed(bytes);
        CHECK_FALSE(reader.next());
        CHECK(reader.failure() == errc::unavailable);
        CHECK(reader.failure().message() == "the server doesn't speak the redis protocol");
        reader.feed("+OK\r\n");
        CHECK_FALSE(reader.next());
    }
}

TEST_CASE("nesting without an end is an error") {
    reply_reader reader(1 << 20);
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "*1\r\n";
    reader.feed(deep);
    CHECK_FALSE(reader.next());
    CHECK(reader.failure());
}

TEST_CASE("a line without an end is an error, a long string isn't") {
    reply_reader endless(16 << 20);
    const std::string piece(32 * 1024, 'a');
    endless.feed("+");
    for (int i = 0; i < 4; ++i) {
        endless.feed(piece);
        CHECK_FALSE(endless.next());
    }
    CHECK(endless.failure() == errc::unavailable);

    reply_reader reader(16 << 20);
    reader.feed("$" + std::to_string(piece.size() * 100) + "\r\n");
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(reader.next());
        reader.feed(piece);
    }
    reader.feed("\r\n");
    const auto* const tree = reader.next();
    REQUIRE(tree);
    CHECK(reply_view(*tree, 0).text().size() == piece.size() * 100);
}

TEST_CASE("random bytes never crash it and never exceed its limit") {
    std::mt19937 random(7);
    constexpr std::string_view likely = "*$+-:0123456789\r\n\r\n\r\n";
    for (int round = 0; round < 3000; ++round) {
        reply_reader reader(4096);
        for (int piece = 0; piece < 20 && !reader.failure(); ++piece) {
            std::string bytes;
            for (auto i = random() % 40; i > 0; --i) bytes += likely[random() % likely.size()];
            reader.feed(bytes);
            while (const auto* const tree = reader.next()) CHECK(tree->bytes.size() <= 4096);
        }
    }
}
