// SPDX-License-Identifier: MIT
#include "http/field/http_date.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir::http::detail {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_day_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct date_parts {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

/// Reads a date from the front, piece by piece; a mismatch makes it fail permanently.
class date_reader {
public:
    explicit date_reader(std::string_view text) : rest_(text) {}

    void literal(std::string_view expected) {
        if (!rest_.starts_with(expected)) return fail();
        rest_.remove_prefix(expected.size());
    }

    int number(std::size_t digits) {
        int value = 0;
        if (rest_.size() < digits) {
            fail();
            return 0;
        }
        for (const char c : rest_.substr(0, digits)) {
            if (c < '0' || c > '9') {
                fail();
                return 0;
            }
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }

    template<std::size_t N>
    unsigned one_of(const std::array<std::string_view, N>& names) {
        const auto found = std::find_if(names.begin(), names.end(), [&](auto one) { return rest_.starts_with(one); });
        if (found == names.end()) {
            fail();
            return 0U;
        }
        rest_.remove_prefix(found->size());
        return static_cast<unsigned>(found - names.begin());
    }

    void time(date_parts& out) {
        out.hour = number(2);
        literal(":");
        out.minute = number(2);
        literal(":");
        out.second = number(2);
    }

    bool padded() {
        if (!rest_.starts_with(' ')) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool ended_well() const { return good_ && rest_.empty(); }

private:
    void fail() { good_ = false; }

    std::string_view rest_;
    bool good_ = true;
};

std::optional<http_time> checked(const date_parts& parts) {
    const year_month_day date(year(parts.year), month(parts.month), day(parts.day));
    const bool leap_second = parts.second == 60; // a real leap second; treated as the second after it
    if (!date.ok() || parts.hour > 23 || parts.minute > 59 || (parts.second > 59 && !leap_second)) return {};
    return sys_days(date) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
}

std::optional<http_time> parse_fixdate(std::string_view text) {
    date_reader in(text);
    date_parts parts;
    in.one_of(day_names);
    in.literal(", ");
    parts.day = static_cast<unsigned>(in.number(2));
    in.literal(" ");
    parts.month = in.one_of(month_names) + 1;
    in.literal(" ");
    parts.year = in.number(4);
    in.literal(" ");
    in.time(parts);
    in.literal(" GMT");
    return in.ended_well() ? checked(parts) : std::nullopt;
}

std::optional<http_time> parse_rfc850(std::string_view text, http_time now) {
    date_reader in(text);
    date_parts parts;
    in.one_of(long_day_names);
    in.literal(", ");
    parts.day = static_cast<unsigned>(in.number(2));
    in.literal("-");
    parts.month = in.one_of(month_names) + 1;
    in.literal("-");
    const int two_digits = in.number(2);
    in.literal(" ");
    in.time(parts);
    in.literal(" GMT");
    const int this_year = static_cast<int>(year_month_day(floor<days>(now)).year());
    parts.year = this_year - this_year % 100 + two_digits;
    if (parts.year > this_year + 50) parts.year -= 100;
    return in.ended_well() ? checked(parts) : std::nullopt;
}

std::optional<http_time> parse_asctime(std::string_view text) {
    date_reader in(text);
    date_parts parts;
    in.one_of(day_names);
    in.literal(" ");
    parts.month = in.one_of(month_names) + 1;
    in.literal(" ");
    parts.day = static_cast<unsigned>(in.padded() ? in.number(1) : in.number(2));
    in.literal(" ");
    in.time(parts);
    in.literal(" ");
    parts.year = in.number(4);
    return in.ended_well() ? checked(parts) : std::nullopt;
}

} // namespace

std::string format_http_date(http_time time) {
    constexpr http_time first = sys_days(year(1) / January / 1);
    constexpr http_time last = sys_days(year(9999) / December / 31) + seconds(86399);
    time = std::clamp(time, first, last);
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(time - midnight);
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_names[weekday(midnight).c_encoding()],
        static_cast<unsigned>(date.day()), month_names[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<http_time> parse_http_date(std::string_view text, http_time now) {
    if (const auto fixdate = parse_fixdate(text)) return fixdate;
    if (const auto old = parse_rfc850(text, now)) return old;
    return parse_asctime(text);
}

} // namespace weir::http::detail
