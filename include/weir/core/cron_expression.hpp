// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>

#include <cstdint>
#include <string_view>

namespace weir {

/// The times at which a job runs, in crontab(5) syntax: minute, hour, day of month, month and day of week. Each field
/// is `*`, a number, a range, a list, or one of them with a step (`*/15`); months and days may be three-letter English
/// names, and Sunday is 0 or 7. If both day fields are restricted, a day needs to match only one of them. Also accepts
/// `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`. A value type; thread-safe.
///
///     const auto nightly = weir::cron_expression::parse("30 3 * * mon-fri").value();
class cron_expression {
public:
    /// errc::invalid_argument names the field, its text and the accepted values. Also returned for an expression that
    /// never matches (`0 0 31 2 *`).
    static result<cron_expression> parse(std::string_view text);

    /// Returns the first matching time after `at`, both in UTC.
    wall_time next_after(wall_time at) const noexcept;

    bool operator==(const cron_expression&) const = default;

private:
    cron_expression() = default;

    bool matches_day(std::chrono::sys_days day) const noexcept;
    bool has_date() const noexcept;

    // one bit per value
    std::uint64_t minutes_ = 0;
    std::uint32_t hours_ = 0;
    std::uint32_t days_ = 0;
    std::uint32_t months_ = 0;
    std::uint32_t weekdays_ = 0; // Sunday is 0
    bool any_day_ = false;       // the field is `*`, so the weekday decides
    bool any_weekday_ = false;
};

} // namespace weir
