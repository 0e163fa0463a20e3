// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>

#include <cstdint>
#include <string_view>

namespace weir {

/// The times at which a job runs, as crontab(5) writes them: minute, hour, day of the month, month and day of the week,
/// each `*`, a number, a range, a list, or one of them with a step (`*/15`); months and days also by their English
/// names of three letters, Sunday as 0 or 7. Where both days are restricted either one is enough. `@hourly`, `@daily`,
/// `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually` stand for the usual ones. A value; thread-safe.
///
///     const auto nightly = weir::cron_expression::parse("30 3 * * mon-fri").value();
class cron_expression {
public:
    /// errc::invalid_argument names the field, what stands there and what is accepted; also for times that never come
    /// (`0 0 31 2 *`).
    static result<cron_expression> parse(std::string_view text);

    /// Returns the first of these times after `at`, both in UTC.
    wall_time next_after(wall_time at) const noexcept;

    bool operator==(const cron_expression&) const = default;

private:
    cron_expression() = default;

    bool matches_day(std::chrono::sys_days day) const noexcept;
    bool ever_comes() const noexcept;

    // a bit for each value
    std::uint64_t minutes_ = 0;
    std::uint32_t hours_ = 0;
    std::uint32_t days_ = 0;
    std::uint32_t months_ = 0;
    std::uint32_t weekdays_ = 0; // Sunday is 0
    bool any_day_ = false;       // `*`: the weekday decides
    bool any_weekday_ = false;
};

} // namespace weir
