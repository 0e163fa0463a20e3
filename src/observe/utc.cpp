// SPDX-License-Identifier: MIT
#include "observe/utc.hpp"

#include <weir/core/rfc3339.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace weir::detail {

namespace {

constexpr std::size_t length = sizeof("2026-01-01T00:00:00.") - 1;

struct second_text {
    std::int64_t second = std::numeric_limits<std::int64_t>::min();
    std::array<char, length> text{};

    // Formats the whole second, with a point instead of the Z.
    void take(wall_time at) {
        std::string whole;
        append_rfc3339(whole, at);
        whole.back() = '.';
        std::copy_n(whole.begin(), length, text.begin());
        second = at.time_since_epoch().count();
    }
};

} // namespace

void append_utc(json_sink& out, wall_time at) {
    constinit thread_local second_text last;
    const wall_time second = std::chrono::floor<std::chrono::seconds>(at);
    if (second.time_since_epoch().count() != last.second) last.take(second);
    auto micros = static_cast<std::uint32_t>((at - second).count());
    std::array<char, 7> fraction{};
    fraction[6] = 'Z';
    for (std::size_t i = 6; i-- > 0; micros /= 10) fraction[i] = static_cast<char>('0' + micros % 10);
    out.need(length + fraction.size());
    out.put(last.text, length);
    out.put(fraction, fraction.size());
}

} // namespace weir::detail
