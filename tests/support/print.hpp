// SPDX-License-Identifier: MIT
// How failed checks show the compared values. Every test includes this before anything else.
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/rfc3339.hpp>

#include <boost/describe/enum_to_string.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace doctest {
class String;
} // namespace doctest

namespace test_support {

template<class T>
doctest::String shown(const T& value);

} // namespace test_support

// doctest calls this for each value, including captured ones.
#define DOCTEST_STRINGIFY(...) ::test_support::shown(__VA_ARGS__)

#include <doctest/doctest.h>

namespace test_support {

namespace print_detail {

inline doctest::String printed(std::string_view text) {
    return {text.data(), static_cast<doctest::String::size_type>(text.size())};
}

inline std::string printed(std::chrono::nanoseconds much) {
    using namespace std::chrono;
    if (much % 1s == 0ns) return std::to_string(much / 1s) + "s";
    if (much % 1ms == 0ns) return std::to_string(much / 1ms) + "ms";
    if (much % 1us == 0ns) return std::to_string(much / 1us) + "us";
    return std::to_string(much.count()) + "ns";
}

inline std::string printed(weir::wall_time at) {
    std::string text;
    weir::append_rfc3339(text, at);
    return text;
}

template<class T>
inline constexpr bool is_duration = false;
template<class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = std::integral<Rep>;

template<class T>
inline constexpr bool is_optional = false;
template<class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template<class T>
inline constexpr bool is_pair = false;
template<class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

template<class T>
concept printable = doctest::detail::has_insertion_operator<T>::value;

template<class T>
concept wall_clock_time = std::convertible_to<T, std::chrono::sys_time<std::chrono::nanoseconds>>;

template<class T>
concept steady_time = std::convertible_to<T, weir::time_point>;

template<class T>
std::string list(const T& values) {
    std::string text = "[";
    for (const std::ranges::range_value_t<const T>& one : values)
        text.append(text.size() == 1 ? "" : ", ").append(shown(one).c_str());
    return text += "]";
}

} // namespace print_detail

template<class T>
doctest::String shown(const T& value) {
    namespace detail = print_detail;
    if constexpr (std::is_same_v<std::decay_t<T>, char*> || std::is_same_v<std::decay_t<T>, const char*>) {
        const char* const text = value;
        return text ? doctest::String(text) : doctest::String("nullptr");
    } else if constexpr (std::is_convertible_v<const T&, std::string_view> && !std::is_null_pointer_v<T>) {
        return detail::printed(std::string_view(value));
    } else if constexpr (detail::is_duration<T>) {
        return detail::printed(detail::printed(std::chrono::duration_cast<std::chrono::nanoseconds>(value)));
    } else if constexpr (detail::wall_clock_time<T>) {
        return detail::printed(detail::printed(std::chrono::time_point_cast<std::chrono::microseconds>(value)));
    } else if constexpr (detail::steady_time<T>) {
        return detail::printed("start + " + detail::printed(weir::time_point(value).time_since_epoch()));
    } else if constexpr (boost::describe::has_describe_enumerators<T>::value) {
        return boost::describe::enum_to_string(value, "an unknown value");
    } else if constexpr (detail::is_optional<T>) {
        return value ? shown(*value) : doctest::String("nothing");
    } else if constexpr (detail::is_pair<T>) {
        return shown(value.first) + ": " + shown(value.second);
    } else if constexpr (std::ranges::input_range<const T> && !detail::printable<T>) {
        return detail::printed(detail::list(value));
    } else {
        return doctest::toString(value);
    }
}

} // namespace test_support

template<class T>
struct doctest::StringMaker<boost::system::result<T, weir::error>> {
    static String convert(const boost::system::result<T, weir::error>& shown) {
        return shown ? "a value" : shown.error().describe().c_str();
    }
};
