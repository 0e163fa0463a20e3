// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/rfc3339.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace weir::reflect {

/// How a type that isn't a string is written as a JSON string. Specialise it for your own type: `expected` describes
/// what is accepted ("a UUID"), `parse` reads it, `append` writes it without escaping, which weir does. If the text
/// never needs escaping, `static constexpr bool plain = true` skips the check. Times are RFC 3339 in UTC; digits finer
/// than the type's resolution or a microsecond are cut off. A std::chrono::sys_days is a date without a time:
/// `2026-01-31`.
template<class T>
struct text_format;

template<class Duration>
struct text_format<std::chrono::time_point<std::chrono::system_clock, Duration>> {
    using time = std::chrono::time_point<std::chrono::system_clock, Duration>;

    static constexpr std::string_view expected = "RFC 3339 time like 2026-01-31T08:00:00Z";
    static constexpr bool plain = true;

    static std::optional<time> parse(std::string_view text) noexcept {
        const auto parsed = parse_rfc3339(text);
        if (!parsed || std::chrono::time_point_cast<std::chrono::seconds>(*parsed) < lowest() ||
            std::chrono::time_point_cast<std::chrono::seconds>(*parsed) > highest())
            return {};
        return std::chrono::floor<Duration>(*parsed);
    }
    static void append(std::string& out, time value) {
        append_rfc3339(out, std::chrono::floor<wall_time::duration>(value));
    }

private:
    // A 64-bit clock of nanoseconds covers the years 1677 to 2262, RFC 3339 0000 to 9999.
    static constexpr auto lowest() { return std::chrono::ceil<std::chrono::seconds>(time::min()); }
    static constexpr auto highest() {
        return std::chrono::floor<std::chrono::seconds>(time::max()) - std::chrono::seconds{1};
    }
};

template<>
struct text_format<std::chrono::sys_days> {
    static constexpr std::string_view expected = "date like 2026-01-31";
    static constexpr bool plain = true;

    static std::optional<std::chrono::sys_days> parse(std::string_view text) noexcept {
        return parse_rfc3339_date(text);
    }
    static void append(std::string& out, std::chrono::sys_days day) { append_rfc3339_date(out, day); }
};

template<class T>
concept has_text_format = requires(const T& value, std::string& out, std::string_view text) {
    { text_format<T>::expected } -> std::convertible_to<std::string_view>;
    { text_format<T>::parse(text) } -> std::same_as<std::optional<T>>;
    text_format<T>::append(out, value);
};

namespace detail {

// Whether the format's text needs no escaping in JSON.
template<class T>
inline constexpr bool is_plain_text = false;
template<class T>
    requires requires { text_format<T>::plain; }
inline constexpr bool is_plain_text<T> = text_format<T>::plain;

} // namespace detail

} // namespace weir::reflect
