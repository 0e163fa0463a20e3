// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>
#include <weir/core/json_sink.hpp>

#include <boost/describe/enum_to_string.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

// How a field stores its value.
template<class Value>
using log_kept = std::conditional_t<
    std::is_array_v<std::remove_reference_t<Value>> && std::is_convertible_v<Value, std::string_view>, std::string_view,
    std::conditional_t<!std::is_lvalue_reference_v<Value> ||
                           (std::is_trivially_copyable_v<std::remove_cvref_t<Value>> &&
                            sizeof(std::remove_cvref_t<Value>) <= 2 * sizeof(void*)),
                       std::remove_cvref_t<Value>, const std::remove_reference_t<Value>&>>;

} // namespace detail

/// A field's key: a literal of printable ASCII without quotes and backslashes, checked at compile time. The keys time,
/// level and message belong to the line itself, so fields with these keys are written as `time_`, `level_`, `message_`.
class log_key {
public:
    consteval log_key(const char* literal) : text_(avoid_reserved(literal)) {
        if (text_.empty()) the_key_of_a_log_field_is_empty();
        for (const char c : text_) {
            if (c < ' ' || c > '~' || c == '"' || c == '\\') the_key_of_a_log_field_needs_escaping();
            hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
        if (text_.size() + 4 <= opening_.size()) open();
    }

    constexpr std::string_view text() const noexcept { return text_; }
    /// FNV-1a of the text; never zero.
    constexpr std::uint64_t hash() const noexcept { return hash_ | 1; }

    /// Appends `,"key":`.
    void append_to(detail::json_sink& out) const {
        if (opening_size_ == 0) return out.key(text_);
        out.need(opening_.size());
        out.put(opening_, opening_size_);
    }

private:
    consteval void open() {
        for (const std::string_view part : {std::string_view(",\""), text_, std::string_view("\":")})
            for (const char c : part) opening_[opening_size_++] = c;
    }
    static consteval std::string_view avoid_reserved(std::string_view key) {
        if (key == "time") return "time_";
        if (key == "level") return "level_";
        return key == "message" ? "message_" : key;
    }
    static void the_key_of_a_log_field_is_empty() {}
    static void the_key_of_a_log_field_needs_escaping() {}

    std::string_view text_;
    std::uint64_t hash_ = 14695981039346656037U;
    std::array<char, 32> opening_{}; // `,"key":`, unless it is too long
    std::size_t opening_size_ = 0;
};

/// A key and a value of a log line. Stores temporaries and small values, refers to anything else. Numbers, booleans,
/// strings, paths, errors, enums (by their `name()` or description), optionals and ranges of these are written as JSON;
/// a duration as milliseconds with three decimals, a wall_time as RFC 3339 in UTC, a sys_days as a date. A callable
/// without parameters is called for its value only if the line is written.
template<class T>
class log_field {
public:
    template<class Value>
    constexpr log_field(log_key key, Value&& value, bool hidden)
        : key_(key), value_(std::forward<Value>(value)), hidden_(hidden) {}

    constexpr const log_key& key() const noexcept { return key_; }
    constexpr const std::remove_reference_t<T>& value() const noexcept { return value_; }
    constexpr bool hidden() const noexcept { return hidden_; }

private:
    log_key key_;
    T value_;
    bool hidden_;
};

/// `log.info("order placed", field("order_id", 7), field("items", [&] { return describe(items); }))`
template<class Value>
constexpr auto field(log_key key, Value&& value) {
    return log_field<detail::log_kept<Value>>(key, std::forward<Value>(value), false);
}

/// A field whose value is always written as `***`.
template<class Value>
constexpr auto redacted(log_key key, Value&& value) {
    return log_field<detail::log_kept<Value>>(key, std::forward<Value>(value), true);
}

namespace detail {

void append_log_value(json_sink& out, const error& failure);
void append_log_value(json_sink& out, duration time);
void append_log_value(json_sink& out, wall_time at);
void append_log_value(json_sink& out, std::chrono::sys_days day);

template<class Number>
void append_log_number(json_sink& out, Number number) {
    out.need(json_sink::number_size);
    out.put_number(number);
}

template<class T>
concept named_enum = std::is_enum_v<T> && requires(T value) {
    { name(value) } -> std::convertible_to<std::string_view>;
};

template<class T>
concept log_text = std::convertible_to<const T&, std::string_view>;

template<class T>
inline constexpr bool is_duration = false;
template<class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template<class T>
inline constexpr bool is_wall_time = false;
template<class Duration>
inline constexpr bool is_wall_time<std::chrono::time_point<std::chrono::system_clock, Duration>> = true;

template<class T>
inline constexpr bool is_optional = false;
template<class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template<class T>
concept log_number = std::is_arithmetic_v<T> && !std::same_as<T, char> && !std::same_as<T, long double>;

template<class T>
inline constexpr bool can_log = false;

inline std::string_view text_of(const char* text) noexcept { return text ? text : std::string_view(); }

template<class T>
concept log_path = requires(const T& path) {
    { path.native() } -> std::convertible_to<std::string_view>;
};

// Excludes ranges of their own type, such as paths, which would recurse forever.
template<class T>
concept log_range = requires(const T& range) {
    std::ranges::begin(range);
    std::ranges::end(range);
    requires !std::same_as<std::remove_cvref_t<decltype(*std::ranges::begin(range))>, std::remove_cvref_t<T>>;
};

template<class T>
void append_log(json_sink& out, const T& value);

template<class Range>
void append_log_range(json_sink& out, const Range& range) {
    out.need(1);
    out.put('[');
    for (const auto& one : range) {
        append_log(out, one);
        out.need(1);
        out.put(',');
    }
    out.need(1);
    out.close(']');
}

template<class T>
void append_log(json_sink& out, const T& value) {
    if constexpr (std::same_as<T, char>)
        out.text(std::string_view(&value, 1));
    else if constexpr (log_number<T>)
        append_log_number(out, value);
    else if constexpr (std::same_as<T, std::nullptr_t>)
        out.raw("null");
    else if constexpr (std::same_as<T, error> || std::same_as<T, errc>)
        append_log_value(out, error(value));
    else if constexpr (std::is_pointer_v<T> && log_text<T>)
        out.text(text_of(value));
    else if constexpr (log_text<T>)
        out.text(static_cast<std::string_view>(value));
    else if constexpr (std::invocable<const T&>)
        append_log(out, value());
    else if constexpr (is_duration<T>)
        append_log_value(out, std::chrono::duration_cast<duration>(value));
    else if constexpr (std::same_as<T, std::chrono::sys_days>)
        append_log_value(out, value);
    else if constexpr (is_wall_time<T>)
        append_log_value(out, std::chrono::time_point_cast<wall_time::duration>(value));
    else if constexpr (is_optional<T>)
        value ? append_log(out, *value) : out.raw("null");
    else if constexpr (named_enum<T>)
        out.text(std::string_view(name(value)));
    else if constexpr (boost::describe::has_describe_enumerators<T>::value)
        out.text(text_of(boost::describe::enum_to_string(value, nullptr)));
    else if constexpr (std::is_enum_v<T>)
        append_log_number(out, static_cast<std::underlying_type_t<T>>(value));
    else if constexpr (log_path<T>)
        out.text(std::string_view(value.native()));
    else if constexpr (log_range<const T>)
        append_log_range(out, value);
    else
        static_assert(can_log<T>, "a log field takes strings, numbers, errors, times, optionals and ranges of them");
}

} // namespace detail

} // namespace weir
