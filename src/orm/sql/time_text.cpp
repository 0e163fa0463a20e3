// SPDX-License-Identifier: MIT
#include <weir/orm/detail/time_text.hpp>

#include <charconv>

namespace weir::orm {

namespace chrono = std::chrono;

namespace {

// Removes a fixed number of digits from the front of the string.
bool take_digits(std::string_view& text, std::size_t count, int& to) {
    if (text.size() < count) return false;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + count, to);
    if (failed != std::errc{} || end != text.data() + count || text.front() == '-') return false;
    text.remove_prefix(count);
    return true;
}

bool take_one_of(std::string_view& text, std::string_view accepted) {
    if (text.empty() || accepted.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

// `.5` is half a second, as microseconds; further digits are dropped.
bool take_fraction(std::string_view& text, int& micros) {
    if (!take_one_of(text, ".")) return true;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::size_t kept = std::min<std::size_t>(digits, 6);
    if (digits == 0 || !take_digits(text, kept, micros)) return false;
    for (std::size_t i = kept; i < 6; ++i) micros *= 10;
    text.remove_prefix(digits - kept);
    return true;
}

// The offset from UTC: `Z`, `+08`, `+0800`, `-03:30`; nothing means UTC.
bool take_offset(std::string_view& text, chrono::minutes& ahead) {
    if (text.empty() || take_one_of(text, "Zz")) return true;
    const bool behind = text.front() == '-';
    int hours = 0, minutes = 0;
    if (!take_one_of(text, "+-") || !take_digits(text, 2, hours)) return false;
    if (!text.empty()) {
        take_one_of(text, ":");
        if (!take_digits(text, 2, minutes)) return false;
    }
    ahead = chrono::hours(hours) + chrono::minutes(minutes);
    if (behind) ahead = -ahead;
    return hours <= 23 && minutes <= 59;
}

void put_digits(char* at, int count, std::int64_t number) {
    for (; count > 0; number /= 10) at[--count] = static_cast<char>('0' + number % 10);
}

} // namespace

bool print_time(wall_time time, std::string& to) {
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) return false;
    const chrono::hh_mm_ss clock(time - day);
    char text[] = "0000-00-00T00:00:00.000000Z";
    put_digits(text, 4, year);
    put_digits(text + 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text + 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text + 11, 2, clock.hours().count());
    put_digits(text + 14, 2, clock.minutes().count());
    put_digits(text + 17, 2, clock.seconds().count());
    put_digits(text + 20, 6, clock.subseconds().count());
    to.append(text, sizeof(text) - 1);
    return true;
}

bool parse_time(std::string_view text, wall_time& to) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
    const bool date_read = take_digits(text, 4, year) && take_one_of(text, "-") && take_digits(text, 2, month) &&
                           take_one_of(text, "-") && take_digits(text, 2, day);
    const bool time_read =
        date_read && take_one_of(text, "Tt ") && take_digits(text, 2, hour) && take_one_of(text, ":") &&
        take_digits(text, 2, minute) && take_one_of(text, ":") && take_digits(text, 2, second) &&
        take_fraction(text, micros);
    chrono::minutes ahead{};
    if (!time_read || !take_offset(text, ahead)) return false;
    const chrono::year_month_day date(
        chrono::year(year), chrono::month(static_cast<unsigned>(month)), chrono::day(static_cast<unsigned>(day)));
    if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59) return false;
    to = wall_time(chrono::sys_days(date)) + chrono::hours(hour) + chrono::minutes(minute) + chrono::seconds(second) +
         chrono::microseconds(micros) - ahead;
    return true;
}

} // namespace weir::orm
