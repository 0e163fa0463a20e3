// SPDX-License-Identifier: MIT
#include <weir/core/cron_expression.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <span>
#include <string>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view spaces = " \t";

constexpr std::array<std::string_view, 12> month_names{
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct cron_field {
    std::string_view name;
    unsigned first;
    unsigned last;
    std::span<const std::string_view> names{}; // of the values starting at `first`
};

constexpr std::array<cron_field, 5> cron_fields{{
    {"minute", 0, 59},
    {"hour", 0, 23},
    {"day of the month", 1, 31},
    {"month", 1, 12, month_names},
    {"day of the week", 0, 7, weekday_names},
}};

struct shorthand {
    std::string_view name;
    std::string_view meaning;
};

constexpr std::array<shorthand, 7> shorthands{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

error malformed(std::string_view what) { return {errc::invalid_argument, "cron: " + std::string(what)}; }

error malformed(const cron_field& field, std::string_view item) {
    std::string text = std::string(field.name) + " \"" + std::string(item) + "\": accepted *, " +
                       std::to_string(field.first) + ".." + std::to_string(field.last);
    if (!field.names.empty())
        text += " and " + std::string(field.names.front()) + ".." + std::string(field.names.back());
    return malformed(text + ", ranges (a-b), lists (a,b) and steps (*/n)");
}

// Removes and returns the text before the separator; `rest` keeps the text after it.
std::string_view cut_at(std::string_view& rest, std::string_view separators) {
    const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
    const std::string_view cut = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return cut;
}

bool equal_without_case(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? x + ('a' - 'A') : x) == y;
    });
}

// Parses a number of one or two digits; -1 if malformed.
int small_number(std::string_view text) {
    int value = -1;
    if (text.empty() || text.size() > 2) return -1;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? value : -1;
}

// Returns the value of a number or a name; -1 if malformed.
int value_of(const cron_field& field, std::string_view text) {
    const auto named = std::ranges::find_if(field.names, [&](auto name) { return equal_without_case(text, name); });
    if (named != field.names.end())
        return static_cast<int>(field.first) + static_cast<int>(named - field.names.begin());
    const int value = small_number(text);
    const auto first = static_cast<int>(field.first);
    return value >= first && value <= static_cast<int>(field.last) ? value : -1;
}

// Parses `*`, `a`, `a-b`, and with a step `*/n`, `a-b/n`, `a/n` (from a on). Returns 0 if malformed.
std::uint64_t bits_of_item(const cron_field& field, std::string_view item) {
    std::string_view rest = item;
    std::string_view range = cut_at(rest, "/");
    const bool steps = range.size() < item.size();
    const int step = steps ? small_number(rest) : 1;
    const bool has_end = range.find('-') != std::string_view::npos;
    int from = static_cast<int>(field.first);
    int to = static_cast<int>(field.last);
    if (range != "*") {
        from = value_of(field, cut_at(range, "-"));
        if (has_end) to = value_of(field, range);
        if (!has_end && !steps) to = from;
    }
    if (step < 1 || from < 0 || to < from) return 0;
    std::uint64_t bits = 0;
    for (int value = from; value <= to; value += step) bits |= std::uint64_t{1} << value;
    return bits;
}

result<std::uint64_t> bits_of(const cron_field& field, std::string_view list) {
    std::uint64_t bits = 0;
    if (list.ends_with(',')) return malformed(field, list);
    for (std::string_view rest = list; !rest.empty();) {
        const std::string_view item = cut_at(rest, ",");
        const std::uint64_t more = bits_of_item(field, item);
        if (more == 0) return malformed(field, item);
        bits |= more;
    }
    return bits;
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
    return text.substr(0, text.find_last_not_of(spaces) + 1);
}

// Splits the expression into its five fields; any other number is an error.
result<std::array<std::string_view, 5>> fields_of(std::string_view text) {
    std::array<std::string_view, 5> fields;
    std::string_view rest = trimmed(text);
    std::size_t count = 0;
    for (; !rest.empty(); ++count) {
        const std::string_view field = cut_at(rest, spaces);
        if (count < fields.size()) fields[count] = field;
        rest = trimmed(rest);
    }
    if (count != fields.size())
        return malformed("\"" + std::string(text) + "\" has " + std::to_string(count) +
                         " fields: accepted are five (minute, hour, day of the month, month, day of the week), or " +
                         "@hourly, @daily, @weekly, @monthly, @yearly");
    return fields;
}

std::string_view without_shorthand(std::string_view text) {
    const auto found = std::ranges::find_if(shorthands, [name = trimmed(text)](const shorthand& one) {
        return equal_without_case(name, one.name);
    });
    return found == shorthands.end() ? text : found->meaning;
}

bool has_bit(std::uint64_t bits, unsigned value) { return (bits >> value & 1) != 0; }

// Returns the first set bit at or after `from`, or 64.
unsigned first_bit(std::uint64_t bits, unsigned from) {
    return from > 63 ? 64U : static_cast<unsigned>(std::countr_zero(bits >> from << from));
}

} // namespace

result<cron_expression> cron_expression::parse(std::string_view text) {
    const auto fields = fields_of(without_shorthand(text));
    if (!fields) return fields.error();
    std::array<std::uint64_t, 5> bits{};
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const auto these = bits_of(cron_fields[i], (*fields)[i]);
        if (!these) return these.error();
        bits[i] = *these;
    }
    constexpr std::uint64_t other_sunday = std::uint64_t{1} << 7U;
    if ((bits[4] & other_sunday) != 0) bits[4] = (bits[4] | 1U) & ~other_sunday;

    cron_expression made;
    made.minutes_ = bits[0];
    made.hours_ = static_cast<std::uint32_t>(bits[1]);
    made.days_ = static_cast<std::uint32_t>(bits[2]);
    made.months_ = static_cast<std::uint32_t>(bits[3]);
    made.weekdays_ = static_cast<std::uint32_t>(bits[4]);
    made.any_day_ = (*fields)[2].starts_with('*');
    made.any_weekday_ = (*fields)[4].starts_with('*');
    if (!made.has_date()) return malformed("\"" + std::string(text) + "\": no date matches");
    return made;
}

bool cron_expression::has_date() const noexcept {
    constexpr std::array<unsigned, 12> days_of_month{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!any_weekday_) return true;
    for (unsigned month = 1; month <= 12; ++month)
        if (has_bit(months_, month) && first_bit(days_, 1) <= days_of_month[month - 1]) return true;
    return false;
}

// crontab(5): if neither day field is `*`, matching one of them suffices.
bool cron_expression::matches_day(std::chrono::sys_days day) const noexcept {
    const std::chrono::year_month_day date = day;
    if (!has_bit(months_, static_cast<unsigned>(date.month()))) return false;
    const bool by_day = has_bit(days_, static_cast<unsigned>(date.day()));
    const bool by_weekday = has_bit(weekdays_, std::chrono::weekday(day).c_encoding());
    if (any_day_ || any_weekday_) return by_day && by_weekday;
    return by_day || by_weekday;
}

wall_time cron_expression::next_after(wall_time at) const noexcept {
    const auto earliest = std::chrono::floor<std::chrono::minutes>(at) + 1min;
    auto day = std::chrono::floor<std::chrono::days>(earliest);
    const std::chrono::hh_mm_ss from(earliest - day);
    auto hour = static_cast<unsigned>(from.hours().count());
    auto minute = static_cast<unsigned>(from.minutes().count());
    for (;; day += std::chrono::days(1), hour = 0, minute = 0) {
        if (!matches_day(day)) continue;
        if (has_bit(hours_, hour) && first_bit(minutes_, minute) < 60)
            return day + std::chrono::hours(hour) + std::chrono::minutes(first_bit(minutes_, minute));
        if (const unsigned next_hour = first_bit(hours_, hour + 1); next_hour < 24)
            return day + std::chrono::hours(next_hour) + std::chrono::minutes(first_bit(minutes_, 0));
    }
}

} // namespace weir
