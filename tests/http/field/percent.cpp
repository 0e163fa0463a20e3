// SPDX-License-Identifier: MIT
#include "http/field/percent.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::http::detail;
using namespace std::string_literals;

namespace {

std::string segment(std::string_view raw) {
    std::string out = "before:";
    const auto verdict = decode_segment(raw, out);
    if (verdict == percent_verdict::ok) return out.substr(7);
    CHECK(out == "before:");
    return "refused: "s + reason(verdict);
}

std::string pairs_of(std::string_view query) {
    std::string scratch = "kept";
    std::string all;
    query_pairs pairs(query, scratch);
    while (pairs.next()) {
        all.append("[").append(pairs.pair().key).append("|").append(pairs.pair().value).append("]");
    }
    CHECK(scratch.starts_with("kept"));
    if (pairs.verdict() != percent_verdict::ok) {
        all += reason(pairs.verdict());
        CHECK(!pairs.next());
    }
    return all;
}

} // namespace

TEST_CASE("a path segment is decoded once") {
    CHECK(segment("") == "");
    CHECK(segment("plain-text_1.0~") == "plain-text_1.0~");
    CHECK(segment("a%20b+c") == "a b+c");
    CHECK(segment("a%2Fb%2fc") == "a/b/c");
    CHECK(segment("%2525") == "%25");
    CHECK(segment("%e5%bC%A0") == "\xe5\xbc\xa0");
    CHECK(segment("%F0%9F%98%80") == "\xf0\x9f\x98\x80");
    CHECK(segment("%0d%0a") == "\r\n");
}

TEST_CASE("an incomplete or wrong escape is refused") {
    for (const auto* raw : {"%", "a%", "%4", "%4g", "%g4", "%%34", "% 4", "%u0041", "a%2", "%-1"}) {
        CAPTURE(raw);
        CHECK(segment(raw) == "refused: a percent-escape in the URL is invalid");
        CHECK(check_path("/"s + raw) == percent_verdict::bad_escape);
    }
}

TEST_CASE("an encoded NUL is refused") {
    CHECK(segment("a%00b") == "refused: an encoded NUL in the URL");
    CHECK(check_path("/a%00") == percent_verdict::encoded_nul);
    CHECK(pairs_of("a=%00") == "an encoded NUL in the URL");
}

TEST_CASE("a string that isn't UTF-8 after decoding is refused") {
    for (const auto* raw : {"%ff", "%80", "%C3", "%C3a", "%c0%af", "%ed%a0%80", "%f4%90%80%80", "%e5%bc", "%f0%9f%98",
                            "\xff", "%C3/%A4"}) {
        CAPTURE(raw);
        CHECK(check_path("/"s + raw) == percent_verdict::bad_utf8);
    }
    CHECK(segment("%ff") == "refused: the URL isn't UTF-8");
    CHECK(check_path("/%e5%bc%a0/\xe5\xbc\xa0/%F0%9F%98%80a") == percent_verdict::ok);
    CHECK(pairs_of("a=%ff") == "the URL isn't UTF-8");
    CHECK(pairs_of("a=\xff") == "the URL isn't UTF-8");
}

TEST_CASE("a path with a dot segment is refused, raw or encoded") {
    for (const auto* path : {"/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/../b", "/a%2f..%2fb", "/..%2F..%2fb",
                             "/a%2f%2e", "/%2e", "/%2E%2e/a", "/.%2e", "/%2e./b", "..", "."}) {
        CAPTURE(path);
        CHECK(check_path(path) == percent_verdict::dot_segment);
    }
    for (const auto* path :
         {"/", "", "/...", "/a.b", "/.well-known", "/a./b", "/..a", "/a..", "/%2e%2e%2e", "//", "*"}) {
        CAPTURE(path);
        CHECK(check_path(path) == percent_verdict::ok);
    }
}

TEST_CASE("a query yields its pairs in order") {
    CHECK(pairs_of("") == "");
    CHECK(pairs_of("a=1&b=2&a=3") == "[a|1][b|2][a|3]");
    CHECK(pairs_of("&&a&&b=&=c&") == "[a|][b|][|c]");
    CHECK(pairs_of("a=b=c?/:@") == "[a|b=c?/:@]");
    CHECK(pairs_of("q=a+b%2Bc%26d&na+me=%E5%BC%A0") == "[q|a b+c&d][na me|\xe5\xbc\xa0]");
    CHECK(pairs_of("a=1;b=2") == "[a|1;b=2]");
}

TEST_CASE("a query stops at the first piece that can't be decoded") {
    CHECK(pairs_of("a=1&b=%4&c=3") == "[a|1]a percent-escape in the URL is invalid");
    CHECK(pairs_of("%4=1&c=3") == "a percent-escape in the URL is invalid");
}

TEST_CASE("views of earlier pairs stay valid during iteration") {
    std::string query;
    for (int i = 0; i < 200; ++i) query += "key+" + std::to_string(i) + "=%41value&plain=x&";
    std::string scratch;
    std::vector<query_pair> seen;
    for (query_pairs pairs(query, scratch); pairs.next();) seen.push_back(pairs.pair());
    REQUIRE(seen.size() == 400);
    CHECK(seen[0].key == "key 0");
    CHECK(seen[398].key == "key 199");
    CHECK(seen[0].value == "Avalue");
}

TEST_CASE("a query without escapes doesn't use the scratch string") {
    std::string scratch;
    const auto capacity = scratch.capacity();
    for (query_pairs pairs("a=1&bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=2", scratch); pairs.next();)
        CHECK(pairs.pair().value.size() == 1);
    CHECK(scratch.capacity() == capacity);
}

TEST_CASE("encoding and decoding restore every string") {
    std::string encoded;
    percent_encode("az09-._~ /%+&=\xe5\xbc\xa0", encoded);
    CHECK(encoded == "az09-._~%20%2F%25%2B%26%3D%E5%BC%A0");
    for (int c = 1; c < 128; ++c) {
        const std::string text(3, static_cast<char>(c));
        encoded.clear();
        percent_encode(text, encoded);
        CHECK(segment(encoded) == text);
        std::string back;
        CHECK(decode_query(encoded, back) == percent_verdict::ok);
        CHECK(back == text);
    }
}
