// SPDX-License-Identifier: MIT
#include "report/summary.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir::bench;

namespace {

summary summary_of(const std::string& records) {
    std::istringstream in("servers\tweir\traw\n" + records);
    return summarise(in);
}

} // namespace

TEST_CASE("the median is the middle value, or the mean of the middle two") {
    CHECK(median({3, 1, 2}) == 2);
    CHECK(median({4, 1, 3, 2}) == 2.5);
    CHECK(median({7}) == 7);
    CHECK_FALSE(median({}).has_value());
}

TEST_CASE("fixed costs per run cancel out of the cost per request") {
    const std::vector<counted_run> runs{{1000, 50'000 + 1000 * 600}, {5000, 50'000 + 5000 * 600}};
    CHECK(per_request(runs) == 600);
}

TEST_CASE("the order of the two runs doesn't matter") {
    const std::vector<counted_run> runs{{5000, 3'000'000}, {1000, 1'000'000}};
    CHECK(per_request(runs) == 500);
}

TEST_CASE("runs that can't be subtracted yield no cost per request") {
    CHECK_FALSE(per_request(std::vector<counted_run>{{1000, 10}}).has_value());
    CHECK_FALSE(per_request(std::vector<counted_run>{{1000, 10}, {1000, 20}}).has_value());
    CHECK_FALSE(per_request(std::vector<counted_run>{{1000, 20}, {2000, 10}}).has_value());
    CHECK_FALSE(per_request(std::vector<counted_run>{{1, 1}, {2, 2}, {3, 3}}).has_value());
}

TEST_CASE("a decrease by one in a thousand requests is clock noise and counts as zero") {
    CHECK(per_request(std::vector<counted_run>{{1000, 64}, {3000, 63}}) == 0);
    CHECK_FALSE(per_request(std::vector<counted_run>{{1000, 64}, {3000, 61}}).has_value());
}

TEST_CASE("a ratio compares values of the same round, so a slow round doesn't favour one side") {
    const std::vector<double> mine{6, 12, 6.6};
    const std::vector<double> base{5, 10, 5.5};
    CHECK(ratio_by_round(mine, base) == doctest::Approx(1.2));
    CHECK_FALSE(ratio_by_round(mine, std::vector<double>{5, 10}).has_value());
    CHECK_FALSE(ratio_by_round(std::vector<double>{1}, std::vector<double>{0}).has_value());
}

TEST_CASE("a row has a figure for every server, in the declared order") {
    const auto measured = summary_of(
        "sample\tplaintext\tcpu_us\tus\traw\t5\n"
        "sample\tplaintext\tcpu_us\tus\tweir\t8\n"
        "sample\tplaintext\tcpu_us\tus\tweir\t6\n"
        "sample\tplaintext\tcpu_us\tus\tweir\t7\n");
    REQUIRE(measured.rows.size() == 1);
    REQUIRE(measured.rows[0].figures.size() == 2);
    CHECK(measured.rows[0].figures[0].value == 7);
    CHECK(measured.rows[0].figures[1].value == 5);
}

TEST_CASE("a server without measurements is in the row, with a reason") {
    const auto measured = summary_of("sample\tplaintext\tcpu_us\tus\tweir\t8\n");
    CHECK_FALSE(measured.rows[0].figures[1].value.has_value());
    CHECK(measured.rows[0].figures[1].reason == "not measured");
}

TEST_CASE("a recorded reason replaces a missing figure and the ratio based on it") {
    const auto measured = summary_of(
        "missing\tjson\tcpu_us\tus\tweir\tit isn't built\n"
        "sample\tjson\tcpu_us\tus\traw\t5\n"
        "ratio\tjson\tcpu_over_raw\tcpu_us\traw\n");
    REQUIRE(measured.rows.size() == 2);
    CHECK(measured.rows[0].figures[0].reason == "it isn't built");
    CHECK(measured.rows[1].metric == "cpu_over_raw");
    CHECK(measured.rows[1].figures[0].reason == "it isn't built");
    CHECK(measured.rows[1].figures[1].value == 1);
}

TEST_CASE("a ratio to a base that failed in some rounds is missing, not guessed") {
    const auto measured = summary_of(
        "sample\tjson\tcpu_us\tus\tweir\t6\n"
        "sample\tjson\tcpu_us\tus\tweir\t6\n"
        "sample\tjson\tcpu_us\tus\traw\t5\n"
        "ratio\tjson\tcpu_over_raw\tcpu_us\traw\n");
    CHECK_FALSE(measured.rows[1].figures[0].value.has_value());
    CHECK(measured.rows[1].figures[0].reason == "no matching rounds of raw");
}

TEST_CASE("growth compares two metrics of the same server") {
    const auto measured = summary_of(
        "sample\tmany\tcpu_us\tus\tweir\t6\n"
        "sample\tmany\tcpu_us_at_64\tus\tweir\t4\n"
        "sample\tmany\tcpu_us\tus\traw\t5\n"
        "missing\tmany\tcpu_us_at_64\tus\traw\tit fell over\n"
        "growth\tmany\tcpu_over_64\tcpu_us\tcpu_us_at_64\n");
    REQUIRE(measured.rows.size() == 3);
    CHECK(measured.rows[2].unit == "ratio");
    CHECK(measured.rows[2].figures[0].value == 1.5);
    CHECK_FALSE(measured.rows[2].figures[1].value.has_value());
    CHECK(measured.rows[2].figures[1].reason == "no matching rounds of cpu_us_at_64");
}

TEST_CASE("a ratio over a metric that wasn't recorded is missing") {
    const auto measured = summary_of("growth\tmany\tcpu_over_64\tcpu_us\tcpu_us_at_64\n");
    CHECK(measured.rows[0].figures[0].reason == "not measured");
}

TEST_CASE("goals have a must, and optionally an aim") {
    const auto measured = summary_of("goal\tinstructions, plaintext\tplaintext\tinstructions\t5000\t3500\n"
                                     "goal\tsend calls\tplaintext\tsend_calls\t1\t-\n");
    REQUIRE(measured.goals.size() == 2);
    CHECK(measured.goals[0].label == "instructions, plaintext");
    CHECK(measured.goals[0].must == 5000);
    CHECK(measured.goals[0].aim == 3500);
    CHECK_FALSE(measured.goals[1].aim.has_value());
    CHECK(measured.rows.empty());
}

TEST_CASE("two counted runs become one figure; one alone is a reason") {
    const auto measured = summary_of(
        "count\tplaintext\tinstructions\t1/request\tweir\t1000\t3500000\n"
        "count\tplaintext\tinstructions\t1/request\tweir\t2000\t6000000\n"
        "count\tplaintext\tinstructions\t1/request\traw\t1000\t600000\n");
    CHECK(measured.rows[0].figures[0].value == 2500);
    CHECK(measured.rows[0].figures[1].reason == "the two runs can't be subtracted");
}

TEST_CASE("a malformed record is refused with its number") {
    CHECK_THROWS_WITH_AS(summary_of("sample\tplaintext\tcpu_us\tus\tweir\tfast\n"),
                         doctest::Contains("record 2: not a number: fast"), std::runtime_error);
    CHECK_THROWS_WITH_AS(summary_of("sample\tplaintext\tcpu_us\tus\tnobody\t1\n"),
                         doctest::Contains("a server that wasn't declared: nobody"), std::runtime_error);
    CHECK_THROWS_AS(summary_of("sample\ttoo few\n"), std::runtime_error);
}
