// SPDX-License-Identifier: MIT
#include <weir/core/rfc3339.hpp>

#include <algorithm>

namespace weir {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr wall_time earliest = sys_days(year{0} / 1 / 1);
constexpr wall_time latest = wall_time(sys_days(year{10000} / 1 / 1)) - microseconds{1};

// Writes `value` as exactly `width` digits that end at `end`.
void put_digits(char* end, int width, unsigned value) noexcept {
    for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

// Consumes fixed-width fields from the front of a string; `failed` stays set after the first error.
class field_reader {
public:
    explicit field_reader(std::string_view text) : rest_(text) {}

    bool failed() const noexcept { return failed_; }
    bool done() const noexcept { return !failed_ && rest_.empty(); }

    bool take(char expected) noexcept {
        if (rest_.empty() || rest_.front() != expected) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char upper) noexcept {
        if (!take(upper) && !take(static_cast<char>(upper + ('a' - 'A')))) failed_ = true;
    }

    void expect_mark(char mark) noexcept {
        if (!take(mark)) failed_ = true;
    }

    int digits(int width, int high) noexcept {
        int value = 0;
        for (; width > 0; --width) value = value * 10 + digit();
        if (value > high) failed_ = true;
        return value;
    }

    microseconds fraction() noexcept {
        if (!take('.')) return {};
        long micros = digit();
        int places = 1;
        for (; at_digit(); ++places)
            if (const int next = digit(); places < 6) micros = micros * 10 + next;
        for (; places < 6; ++places) micros *= 10;
        return microseconds{micros};
    }

    minutes offset() noexcept {
        if (take('Z') || take('z')) return {};
        const bool west = take('-');
        if (!west) expect_mark('+');
        const int hour = digits(2, 23);
        expect_mark(':');
        const minutes east = hours{hour} + minutes{digits(2, 59)};
        return west ? -east : east;
    }

private:
    bool at_digit() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

    int digit() noexcept {
        if (!at_digit()) {
            failed_ = true;
            return 0;
        }
        const int value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool failed_ = false;
};

// Writes the date in the form `0000-00-00`.
void put_date(char* text, sys_days day) noexcept {
    const year_month_day date(day);
    put_digits(text + 4, 4, static_cast<unsigned>(static_cast<int>(date.year())));
    put_digits(text + 7, 2, static_cast<unsigned>(date.month()));
    put_digits(text + 10, 2, static_cast<unsigned>(date.day()));
}

year_month_day read_date(field_reader& text) noexcept {
    const year y{text.digits(4, 9999)};
    text.expect_mark('-');
    const std::chrono::month m{static_cast<unsigned>(text.digits(2, 12))};
    text.expect_mark('-');
    return y / m / std::chrono::day{static_cast<unsigned>(text.digits(2, 31))};
}

seconds read_time(field_reader& text) noexcept {
    const hours h{text.digits(2, 23)};
    text.expect_mark(':');
    const minutes m{text.digits(2, 59)};
    text.expect_mark(':');
    return h + m + seconds{text.digits(2, 60)};
}

} // namespace

void append_rfc3339(std::string& out, wall_time time) {
    time = std::clamp(time, earliest, latest);
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::hh_mm_ss clock(time - day);
    const auto micros = static_cast<unsigned>(clock.subseconds().count());
    char text[] = "0000-00-00T00:00:00.000000Z";
    put_date(text, day);
    put_digits(text + 13, 2, static_cast<unsigned>(clock.hours().count()));
    put_digits(text + 16, 2, static_cast<unsigned>(clock.minutes().count()));
    put_digits(text + 19, 2, static_cast<unsigned>(clock.seconds().count()));
    if (micros != 0) put_digits(text + 26, 6, micros);
    const std::size_t length = micros == 0 ? 19 : micros % 1000 == 0 ? 23 : 26;
    text[length] = 'Z';
    out.append(text, length + 1);
}

std::optional<wall_time> parse_rfc3339(std::string_view text) noexcept {
    field_reader reader(text);
    const year_month_day date = read_date(reader);
    reader.expect('T');
    const seconds clock = read_time(reader);
    const microseconds fraction = reader.fraction();
    const minutes offset = reader.offset();
    if (!reader.done() || !date.ok()) return {};
    const wall_time local = wall_time(sys_days(date)) + clock;
    const bool leap = text.substr(17, 2) == "60";
    const wall_time utc = local - offset;
    if (leap && std::chrono::floor<days>(utc) != utc) return {};
    const wall_time time = utc + fraction;
    if (time < earliest || time > latest) return {};
    return time;
}

void append_rfc3339_date(std::string& out, sys_days day) {
    char text[] = "0000-00-00";
    put_date(text, std::clamp(day, std::chrono::floor<days>(earliest), std::chrono::floor<days>(latest)));
    out.append(text, sizeof text - 1);
}

std::optional<sys_days> parse_rfc3339_date(std::string_view text) noexcept {
    field_reader reader(text);
    const year_month_day date = read_date(reader);
    if (!reader.done() || !date.ok()) return {};
    return sys_days(date);
}

} // namespace weir
