// SPDX-License-Identifier: MIT
#include <weir/core/cron_expression.hpp>
#include <weir/core/rfc3339.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;

namespace {

std::string next_time(std::string_view expression, std::string_view after) {
    const auto parsed = cron_expression::parse(expression);
    if (!parsed) return std::string(parsed.error().message());
    std::string text;
    append_rfc3339(text, parsed->next_after(parse_rfc3339(after).value()));
    return text;
}

std::string refusal_of(std::string_view expression) {
    const auto parsed = cron_expression::parse(expression);
    if (parsed) return "accepted";
    CHECK(parsed.error() == errc::invalid_argument);
    return std::string(parsed.error().message());
}

} // namespace

TEST_CASE("a cron expression's next time is the first one that all its fields match") {
    struct row {
        const char* expression;
        const char* after;
        const char* next;
    };
    const std::vector<row> all{
        {"* * * * *", "2026-11-30T10:59:30Z", "2026-11-30T11:00:00Z"},
        {"* * * * *", "2026-12-31T23:59:59.999999Z", "2027-01-01T00:00:00Z"},
        {"0 * * * *", "2026-11-30T11:00:00Z", "2026-11-30T12:00:00Z"}, // strictly after
        {"30 3 * * *", "2026-11-30T03:29:00Z", "2026-11-30T03:30:00Z"},
        {"30 3 * * *", "2026-11-30T03:30:00Z", "2026-12-01T03:30:00Z"},
        {"*/15 * * * *", "2026-11-30T10:50:00Z", "2026-11-30T11:00:00Z"},
        {"5/20 * * * *", "2026-11-30T10:46:00Z", "2026-11-30T11:05:00Z"},
        {"10-20/5 * * * *", "2026-11-30T10:16:00Z", "2026-11-30T10:20:00Z"},
        {"1,59 22-23 * * *", "2026-11-30T22:01:00Z", "2026-11-30T22:59:00Z"},
        {"59 23 * * *", "2026-11-30T23:59:00Z", "2026-12-01T23:59:00Z"},
        {"0 0 29 2 *", "2026-11-30T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"}, // 2100 isn't a leap year
        {"0 0 31 * *", "2026-08-31T00:00:00Z", "2026-10-31T00:00:00Z"},
        {"0 9 * * mon-fri", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z"}, // from Friday to Monday
        {"0 9 * * 7", "2026-11-30T09:00:00Z", "2026-12-06T09:00:00Z"},
        {"0 9 * * 0", "2026-11-30T09:00:00Z", "2026-12-06T09:00:00Z"},
        {"0 9 * * 5-7", "2026-11-30T09:00:00Z", "2026-12-04T09:00:00Z"},
        {"0 9 * JAN,jul *", "2026-11-30T09:00:00Z", "2027-01-01T09:00:00Z"},
        {"0 0 13 * fri", "2026-11-30T00:00:00Z", "2026-12-04T00:00:00Z"}, // matching either day field suffices
        {"0 0 13 * fri", "2026-12-12T00:00:00Z", "2026-12-13T00:00:00Z"},
        {"0 0 */2 * fri", "2026-11-30T00:00:00Z",
         "2026-12-11T00:00:00Z"}, // both must match, because one begins with a star
        {"@hourly", "2026-11-30T10:00:00Z", "2026-11-30T11:00:00Z"},
        {"@daily", "2026-11-30T10:00:00Z", "2026-12-01T00:00:00Z"},
        {"@midnight", "2026-11-30T10:00:00Z", "2026-12-01T00:00:00Z"},
        {"@weekly", "2026-11-30T10:00:00Z", "2026-12-06T00:00:00Z"},
        {"@monthly", "2026-11-30T10:00:00Z", "2026-12-01T00:00:00Z"},
        {"@Yearly", "2026-11-30T10:00:00Z", "2027-01-01T00:00:00Z"},
        {" @annually ", "2026-11-30T10:00:00Z", "2027-01-01T00:00:00Z"},
        {"\t0  4 \t* * * ", "2026-11-30T10:00:00Z", "2026-12-01T04:00:00Z"},
        {"0 0 1 1 *", "1969-06-01T00:00:00Z", "1970-01-01T00:00:00Z"},
    };
    for (const row& one : all) {
        INFO(one.expression << " after " << one.after);
        CHECK(next_time(one.expression, one.after) == one.next);
    }
}

TEST_CASE("a malformed cron expression is refused with the field, its text and the accepted values") {
    CHECK(refusal_of("60 * * * *") ==
          "cron: minute \"60\": accepted *, 0..59, ranges (a-b), lists (a,b) and steps (*/n)");
    CHECK(refusal_of("* 24 * * *").starts_with("cron: hour \"24\": accepted *, 0..23,"));
    CHECK(refusal_of("* * 0 * *").starts_with("cron: day of the month \"0\": accepted *, 1..31,"));
    CHECK(refusal_of("* * * 13 *").starts_with("cron: month \"13\": accepted *, 1..12 and jan..dec,"));
    CHECK(refusal_of("* * * * 8").starts_with("cron: day of the week \"8\": accepted *, 0..7 and sun..sat,"));
    CHECK(refusal_of("* * * * *  *").starts_with("cron: \"* * * * *  *\" has 6 fields: accepted are five"));
    CHECK(refusal_of("@often").starts_with("cron: \"@often\" has 1 fields: accepted are five"));
    CHECK(refusal_of("").starts_with("cron: \"\" has 0 fields"));
    CHECK(refusal_of("0 0 31 2,4,6 *") == "cron: \"0 0 31 2,4,6 *\": no date matches");
    for (const char* minute : {"-1", "1-",  "-", "5-4", "1,,2",  ",",   "1,",  "*/0", "*/", "/5",    "1/2/3",
                               "+1", "001", "a", "*-5", "1-5-9", "0x1", "1.5", "mon", "**", "*/100", "*/-1"}) {
        INFO(minute);
        CHECK(refusal_of(std::string(minute) + " * * * *").starts_with("cron: minute"));
    }
}

TEST_CASE("equal cron expressions are equal however they are written") {
    CHECK(cron_expression::parse("0 0 * * sun").value() == cron_expression::parse("0 0 * * 7").value());
    CHECK(cron_expression::parse("@hourly").value() == cron_expression::parse("0 * * * *").value());
    CHECK(cron_expression::parse("*/30 * * * *").value() == cron_expression::parse("0,30 * * * *").value());
    CHECK(cron_expression::parse("0 0 1 * *").value() != cron_expression::parse("0 0 2 * *").value());
}
