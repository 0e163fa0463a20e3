// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/text_format.hpp>

#include <chrono>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

namespace weir {

/// Parses `500ms`, `3s`, `1h30m` or `0`: whole numbers with the units ns, us, ms, s, m, h and d, largest first. Returns
/// nothing for anything else and for more than 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

/// Appends the shortest text that parse_duration parses back: `1h30m`. A negative duration gets a minus sign, which
/// parse_duration rejects.
void append_duration(std::string& out, std::chrono::nanoseconds value);

} // namespace weir

namespace weir::reflect {

/// Durations in configuration and JSON are strings with units. A value that the type can't hold exactly is rejected:
/// `500ms` for std::chrono::seconds.
template<class Rep, class Period>
struct text_format<std::chrono::duration<Rep, Period>> {
    using duration = std::chrono::duration<Rep, Period>;

    static constexpr std::string_view expected =
        std::ratio_less_equal_v<Period, std::milli>
            ? "a duration like 500ms, 3s or 1h30m"
            : "a duration like 3s or 1h30m, whole in the setting's unit";
    static constexpr bool plain = true;

    static std::optional<duration> parse(std::string_view text) noexcept {
        const auto parsed = parse_duration(text);
        if (!parsed) return {};
        const auto kept = std::chrono::duration_cast<duration>(*parsed);
        if (std::chrono::duration_cast<std::chrono::nanoseconds>(kept) != *parsed) return {};
        return kept;
    }
    static void append(std::string& out, duration value) {
        append_duration(out, std::chrono::duration_cast<std::chrono::nanoseconds>(value));
    }
};

} // namespace weir::reflect
