// SPDX-License-Identifier: MIT
#include <weir/core/rfc3339.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::parse_rfc3339;
using weir::wall_time;

namespace {

constexpr wall_time day(int year, unsigned month, unsigned day) {
    return std::chrono::sys_days(std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day));
}

std::string written(wall_time time) {
    std::string out;
    weir::append_rfc3339(out, time);
    return out;
}

} // namespace

TEST_CASE("a time is written in UTC with the fractional digits it needs") {
    const wall_time morning = day(2026, 11, 23) + 8h + 47min + 12s;
    CHECK(written(morning) == "2026-11-23T08:47:12Z");
    CHECK(written(morning + 5ms) == "2026-11-23T08:47:12.005Z");
    CHECK(written(morning + 5us) == "2026-11-23T08:47:12.000005Z");
    CHECK(written(day(1969, 12, 31) + 23h + 59min + 59s + 999999us) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("a time outside the four-digit years is clamped") {
    CHECK(written(wall_time::max()) == "9999-12-31T23:59:59.999999Z");
    CHECK(written(wall_time::min()) == "0000-01-01T00:00:00Z");
}

TEST_CASE("a day is written and read as a date without a time") {
    using std::chrono::sys_days;
    const auto date_of = [](sys_days one) {
        std::string out;
        weir::append_rfc3339_date(out, one);
        return out;
    };
    const sys_days last = std::chrono::floor<std::chrono::days>(day(2026, 1, 31));
    CHECK(date_of(last) == "2026-01-31");
    CHECK(weir::parse_rfc3339_date("2026-01-31") == last);
    CHECK(date_of(sys_days::max()) == "9999-12-31");
    CHECK(date_of(sys_days::min()) == "0000-01-01");
    for (const char* bad :
         {"", "2026-01", "2026-1-31", "2026-02-29", "2026-13-01", "2026-01-31 ", "2026-01-31T00:00:00Z"})
        CHECK(!weir::parse_rfc3339_date(bad));
}

TEST_CASE("a written time reads back the same") {
    for (const wall_time time : {day(2026, 1, 1), day(2000, 2, 29) + 1us, day(1900, 3, 1) - 1us, day(0, 1, 1)})
        CHECK(parse_rfc3339(written(time)) == time);
}

TEST_CASE("offsets are converted to UTC") {
    CHECK(parse_rfc3339("2026-11-23T16:47:12+08:00") == day(2026, 11, 23) + 8h + 47min + 12s);
    CHECK(parse_rfc3339("2026-01-01T00:30:00-01:30") == day(2026, 1, 1) + 2h);
    CHECK(parse_rfc3339("2026-01-01T00:00:00-00:00") == day(2026, 1, 1));
    CHECK(parse_rfc3339("2026-01-01t00:00:00z") == day(2026, 1, 1));
}

TEST_CASE("an offset can't lead out of the four-digit years") {
    CHECK(!parse_rfc3339("9999-12-31T23:59:59-00:01"));
    CHECK(!parse_rfc3339("0000-01-01T00:00:00+00:01"));
    CHECK(parse_rfc3339("9999-12-31T23:59:59.999999Z") == parse_rfc3339(written(wall_time::max())));
}

TEST_CASE("digits of a second are kept to the microsecond") {
    CHECK(parse_rfc3339("2026-01-01T00:00:00.5Z") == day(2026, 1, 1) + 500ms);
    CHECK(parse_rfc3339("2026-01-01T00:00:00.000001Z") == day(2026, 1, 1) + 1us);
    CHECK(parse_rfc3339("2026-01-01T00:00:00.12345678901234567890123Z") == day(2026, 1, 1) + 123456us);
}

TEST_CASE("a leap second becomes the second after it, and is accepted at midnight UTC only") {
    CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == day(2017, 1, 1));
    CHECK(parse_rfc3339("2017-01-01T07:59:60+08:00") == day(2017, 1, 1));
    CHECK(!parse_rfc3339("2016-12-31T12:59:60Z"));
}

TEST_CASE("days that don't exist and fields out of range are refused") {
    for (const char* text :
         {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
          "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
          "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60"})
        CHECK_MESSAGE(!parse_rfc3339(text), text);
}

TEST_CASE("other notations for a time are refused") {
    for (const char* text :
         {"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z",
          "2026-01-01T00:00:00Z ", "2026-01-01T00:00:00+0800", "26-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
          "+2026-01-01T00:00:00Z", "yesterday"})
        CHECK_MESSAGE(!parse_rfc3339(text), text);
}

TEST_CASE("every truncation of a time is refused") {
    const std::string_view whole = "2026-11-23T16:47:12.5+08:00";
    for (std::size_t length = 0; length < whole.size(); ++length) CHECK(!parse_rfc3339(whole.substr(0, length)));
}
