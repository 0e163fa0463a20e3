// SPDX-License-Identifier: MIT
#include "http/field/range.hpp"

#include <doctest/doctest.h>

using namespace weir::http::detail;

namespace {

// `0+100 900+100`, or else the verdict.
std::string range_of(std::string_view field, std::uint64_t size = 1000) {
    const auto parsed = parse_range(field, size);
    if (parsed.verdict == range_verdict::whole) return "whole";
    if (parsed.verdict == range_verdict::unsatisfiable) return "416";
    std::string text;
    for (const auto& one : parsed.ranges)
        text += (text.empty() ? "" : " ") + std::to_string(one.first) + "+" + std::to_string(one.size);
    return text;
}

} // namespace

TEST_CASE("one range can be given from, to, and from the end") {
    CHECK(range_of("bytes=0-99") == "0+100");
    CHECK(range_of("bytes=0-0") == "0+1");
    CHECK(range_of("bytes=999-999") == "999+1");
    CHECK(range_of("bytes=500-") == "500+500");
    CHECK(range_of("bytes=-1") == "999+1");
    CHECK(range_of("bytes=-1000") == "0+1000");
    CHECK(range_of("Bytes=5-5") == "5+1");
}

TEST_CASE("a range is clipped at the end") {
    CHECK(range_of("bytes=900-5000") == "900+100");
    CHECK(range_of("bytes=-5000") == "0+1000");
    CHECK(range_of("bytes=1-99999999999999999999999999") == "1+999");
    CHECK(range_of("bytes=-99999999999999999999999999") == "0+1000");
    CHECK(range_of("bytes=0-18446744073709551615", 1) == "0+1");
}

TEST_CASE("several ranges keep their order; those beyond the end are omitted") {
    CHECK(range_of("bytes=0-9, 20-29 ,-10") == "0+10 20+10 990+10");
    CHECK(range_of("bytes=900-, 0-9") == "900+100 0+10");
    CHECK(range_of("bytes=0-9,10-19") == "0+10 10+10");
    CHECK(range_of("bytes=,0-9,,5000-6000,") == "0+10");
}

TEST_CASE("if no range exists, the answer is 416") {
    CHECK(range_of("bytes=1000-") == "416");
    CHECK(range_of("bytes=1000-2000, 5000-") == "416");
    CHECK(range_of("bytes=-0") == "416");
    CHECK(range_of("bytes=99999999999999999999999999-") == "416");
    CHECK(range_of("bytes=0-", 0) == "416");
    CHECK(range_of("bytes=-5", 0) == "whole"); // which is empty
}

TEST_CASE("overlapping ranges and too many are answered with 416") {
    CHECK(range_of("bytes=0-10,10-20") == "416");
    CHECK(range_of("bytes=500-,0-9,-1") == "416");
    CHECK(range_of("bytes=0-,0-,0-") == "416");
    std::string many = "bytes=0-0";
    for (std::size_t i = 1; i < most_ranges; ++i) many += "," + std::to_string(i * 2) + "-" + std::to_string(i * 2);
    CHECK(parse_range(many, 1000).ranges.size() == most_ranges);
    CHECK(range_of(many + ",500-500") == "416");
    CHECK(range_of(many + ",5000-5000") == "416");
}

TEST_CASE("another unit and a malformed range are ignored") {
    for (const char* field :
         {"", "bytes", "bytes=", "bytes=,", "items=0-9", "bytes 0-9", "bytes=9-0", "bytes=a-b", "bytes=0", "bytes=-",
          "bytes=--1", "bytes=0-9-", "bytes=+0-9", "bytes=0 - 9", "bytes=0-9;1-2", "bytes=0-9, x", "bytes=0x0-9",
          " bytes=0-9"}) {
        CAPTURE(field);
        CHECK(range_of(field) == "whole");
    }
}

TEST_CASE("Content-Range describes the part and the whole") {
    CHECK(content_range({0, 100}, 1000) == "bytes 0-99/1000");
    CHECK(content_range({999, 1}, 1000) == "bytes 999-999/1000");
    CHECK(unsatisfied_range(1000) == "bytes */1000");
}
