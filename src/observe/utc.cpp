// SPDX-License-Identifier: MIT
#include "observe/utc.hpp"

#include <fmt/format.h>

#include <limits>

namespace weir::detail {

namespace {

struct second_text {
    std::int64_t second = std::numeric_limits<std::int64_t>::min();
    char text[32] = {};
    std::size_t size = 0;

    void become(std::chrono::sys_seconds at) {
        const auto day = std::chrono::floor<std::chrono::days>(at);
        const std::chrono::year_month_day date(day);
        const std::chrono::hh_mm_ss time(at - day);
        size = static_cast<std::size_t>(
            fmt::format_to_n(text, sizeof text, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             time.hours().count(), time.minutes().count(), time.seconds().count())
                .size);
        second = at.time_since_epoch().count();
    }
};

} // namespace

void append_utc(std::string& out, wall_time at) {
    constinit thread_local second_text last;
    const auto second = std::chrono::floor<std::chrono::seconds>(at);
    if (second.time_since_epoch().count() != last.second) last.become(second);
    auto micros = static_cast<std::uint32_t>((at - second).count());
    char fraction[7];
    for (int i = 5; i >= 0; --i, micros /= 10) fraction[i] = static_cast<char>('0' + micros % 10);
    fraction[6] = 'Z';
    out.append(last.text, last.size).append(fraction, sizeof fraction);
}

} // namespace weir::detail
