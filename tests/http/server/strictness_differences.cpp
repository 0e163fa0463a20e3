// SPDX-License-Identifier: MIT
// The differences between weir's parser and Beast's: the table of everything that the fuzz target http_differential
// allows to differ, each entry demonstrated by its example.
#include "fuzz/http_differences.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir::http::differential;

TEST_CASE("each difference from Beast's parser still exists, and is explained by its own entry") {
    for (const auto& one : differences) {
        CAPTURE(one.what);
        CAPTURE(one.section);
        const auto both = compare(one.example);
        CHECK(both.weir.is != reading::verdict::incomplete);
        CHECK((both.weir.accepted() ? 200 : both.weir.status) == one.weir);
        CHECK(both.beast.accepted() == one.beast);
        CHECK(!agree(both.weir, both.beast));
        CHECK(explanation(both) == &one);
    }
}

TEST_CASE("each difference names its section and its reason, once") {
    std::vector<std::string> names;
    for (const auto& one : differences) {
        CAPTURE(one.what);
        CHECK(one.section.starts_with("RFC "));
        CHECK(!one.why.empty());
        names.emplace_back(one.what);
    }
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("input that only weir accepts means what its usual form means to Beast") {
    for (const auto& one : differences) {
        CAPTURE(one.what);
        const auto both = compare(one.example);
        const auto usual = both.weir.accepted() && !both.beast.accepted() ? without_leniency(both) : std::string();
        if (usual.empty()) continue;
        const auto beast = read_with_beast(usual);
        CHECK(beast.accepted());
        CHECK(beast.target == both.weir.target);
        CHECK(beast.fields == both.weir.fields);
        CHECK(beast.keep_alive == both.weir.keep_alive);
    }
}

TEST_CASE("a usual request is read the same, to the byte at which the next one starts") {
    for (const std::string next : {"", "GET /next HTTP/1.1\r\n"}) {
        for (const auto& request :
             {get("/a?b=c"), get("http://a.example/b"), post("Content-Length: 3\r\nX: \t y \r\n", "abc"),
              post("Connection: close\r\nTransfer-Encoding: chunked\r\n", "1;x=\"y\"\r\na\r\n00\r\nA: b\r\n\r\n"),
              std::string("GET / HTTP/1.0\r\n\r\n")}) {
            CAPTURE(request);
            const auto both = compare(request + next);
            CHECK(both.weir.accepted());
            CHECK(agree(both.weir, both.beast));
            CHECK(both.weir.consumed == request.size());
        }
    }
}

TEST_CASE("an unexplained difference is detected") {
    auto both = compare(get("/"));
    both.weir.consumed += 1;
    CHECK(!agree(both.weir, both.beast));
    CHECK(explanation(both) == nullptr);
    both = compare("GET / HTTP/1.1\r\n\r\n");
    both.weir.reason = "the Host header is invalid";
    CHECK(explanation(both) == nullptr);
    both.weir.is = reading::verdict::incomplete;
    CHECK(explanation(both) == nullptr);
}
