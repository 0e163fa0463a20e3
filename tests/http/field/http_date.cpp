// SPDX-License-Identifier: MIT
#include "http/field/http_date.hpp"

#include <doctest/doctest.h>

using namespace weir::http::detail;
using std::chrono::seconds;

namespace {

constexpr http_time example{seconds(784111777)};
constexpr http_time in_2026{seconds(1780000000)};

} // namespace

TEST_CASE("a date is written in one form, and all three forms are read") {
    CHECK(format_http_date(example) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", in_2026) == example);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == example);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", in_2026) == example);
    CHECK(parse_http_date("Sun Nov 16 08:49:37 1994", in_2026) == example + seconds(864000));
}

TEST_CASE("a two-digit year is at most 50 years ahead") {
    const auto year_of = [](const char* text) {
        return format_http_date(parse_http_date(text, in_2026).value()).substr(12, 4);
    };
    CHECK(year_of("Monday, 01-Jan-76 00:00:00 GMT") == "2076");
    CHECK(year_of("Monday, 01-Jan-77 00:00:00 GMT") == "1977");
}

TEST_CASE("a malformed date is refused") {
    for (const char* text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
          "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:00:61 GMT", "sun, 06 nov 1994 08:49:37 gmt",
          "Sun, 06 Nov -994 08:49:37 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT", "784111777", "0", "-1"}) {
        CAPTURE(text);
        CHECK(!parse_http_date(text, in_2026));
    }
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", in_2026).has_value());
}

TEST_CASE("every written date is read back, and impossible years are clamped") {
    for (std::int64_t at = -62135596800; at < 253402300799; at += 86399 * 1009) {
        const http_time time{seconds(at)};
        CAPTURE(at);
        CHECK(parse_http_date(format_http_date(time), in_2026) == time);
    }
    CHECK(format_http_date(http_time(seconds(400000000000))) == "Fri, 31 Dec 9999 23:59:59 GMT");
}
