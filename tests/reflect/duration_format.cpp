// SPDX-License-Identifier: MIT
#include <weir/reflect/duration_format.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::parse_duration;

namespace {

std::string text(std::chrono::nanoseconds value) {
    std::string out;
    weir::append_duration(out, value);
    return out;
}

template<class Duration>
std::optional<Duration> read(std::string_view from) {
    return weir::reflect::text_format<Duration>::parse(from);
}

} // namespace

TEST_CASE("durations are whole numbers with a unit") {
    CHECK(parse_duration("10ns") == 10ns);
    CHECK(parse_duration("20us") == 20us);
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("3s") == 3s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("7d") == 24h * 7);
    CHECK(parse_duration("1h30m") == 90min);
    CHECK(parse_duration("1s500ms") == 1500ms);
    CHECK(parse_duration("0") == 0ns);
    CHECK(parse_duration("0s") == 0ns);
}

TEST_CASE("a missing or unknown unit, a sign, a fraction or spaces are refused in a duration") {
    for (const std::string_view from :
         {"", "5", "5x", "s", "-3s", "+3s", "1.5s", "3 s", " 3s", "3s ", "30m1h", "1s1s", "1h5", "00", "1e3s", "3S"})
        CHECK_FALSE(parse_duration(from));
}

TEST_CASE("a duration that overflows 64 bits of nanoseconds is refused") {
    CHECK(parse_duration("9223372036854775807ns") == std::chrono::nanoseconds::max());
    CHECK_FALSE(parse_duration("9223372036854775808ns"));
    CHECK_FALSE(parse_duration("9223372036s999999999ns"));
    CHECK_FALSE(parse_duration("106752d"));
    CHECK(parse_duration("106751d"));
}

TEST_CASE("a setting accepts only durations that its type holds exactly") {
    CHECK(read<std::chrono::seconds>("90s") == 90s);
    CHECK(read<std::chrono::minutes>("2h") == 120min);
    CHECK_FALSE(read<std::chrono::seconds>("500ms"));
    CHECK_FALSE(read<std::chrono::minutes>("90s"));
    CHECK(read<std::chrono::duration<double>>("500ms")->count() == 0.5);
}

TEST_CASE("durations are written as they are read") {
    CHECK(text(0ns) == "0s");
    CHECK(text(90min) == "1h30m");
    CHECK(text(1500ms) == "1s500ms");
    CHECK(text(-2s) == "-2s");
    CHECK(text(std::chrono::nanoseconds::min()) == "-106751d23h47m16s854ms775us808ns");
    for (const auto value : {1ns, 999ns, 86'399'999'999'999ns, std::chrono::nanoseconds::max()})
        CHECK(parse_duration(text(value)) == value);
}
