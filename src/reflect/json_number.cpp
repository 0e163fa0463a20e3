// SPDX-License-Identifier: MIT
#include "reflect/json_number.hpp"

#include <charconv>
#include <limits>

namespace weir::reflect::detail {

namespace {

template<class Integer>
bool store_integer(std::string_view digits, void* to) noexcept {
    if constexpr (std::unsigned_integral<Integer>)
        if (digits == "-0") digits = "0";
    Integer value{};
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return false;
    *static_cast<Integer*>(to) = value;
    return true;
}

// For a number outside a floating-point type's range: whether it is too small rather than too large. The position of
// its first nonzero digit decides, because such numbers are hundreds of places away from one.
bool is_tiny(std::string_view digits) noexcept {
    const std::size_t exponent_mark = digits.find_first_of("eE");
    std::string_view mantissa = digits.substr(0, exponent_mark);
    if (mantissa.starts_with('-')) mantissa.remove_prefix(1);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t first = std::min(mantissa.find_first_of("123456789"), mantissa.size());
    const long place = static_cast<long>(point) - static_cast<long>(first);
    if (exponent_mark == digits.npos) return place < 0;
    std::string_view exponent = digits.substr(exponent_mark + 1);
    const bool negative = exponent.starts_with('-');
    if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
    long power = 0;
    if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), power).ec != std::errc{}) return negative;
    return place + (negative ? -power : power) < 0;
}

template<class Floating>
bool store_floating(std::string_view digits, void* to) noexcept {
    Floating value{};
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc{}) {
        if (!is_tiny(digits)) return false;
        value = digits.starts_with('-') ? -Floating{} : Floating{};
    }
    *static_cast<Floating*>(to) = value;
    return true;
}

template<class Integer>
std::string bounds() {
    using limits = std::numeric_limits<Integer>;
    return " between " + std::to_string(limits::min()) + " and " + std::to_string(limits::max());
}

std::string bounds_of(const json_type& type) {
    const bool negative = type.kind == json_kind::signed_integer;
    switch (type.size) {
    case 1:
        return negative ? bounds<std::int8_t>() : bounds<std::uint8_t>();
    case 2:
        return negative ? bounds<std::int16_t>() : bounds<std::uint16_t>();
    case 4:
        return negative ? bounds<std::int32_t>() : bounds<std::uint32_t>();
    default:
        return negative ? bounds<std::int64_t>() : bounds<std::uint64_t>();
    }
}

bool store_signed(std::string_view digits, std::size_t size, void* to) noexcept {
    switch (size) {
    case 1:
        return store_integer<std::int8_t>(digits, to);
    case 2:
        return store_integer<std::int16_t>(digits, to);
    case 4:
        return store_integer<std::int32_t>(digits, to);
    default:
        return store_integer<std::int64_t>(digits, to);
    }
}

bool store_unsigned(std::string_view digits, std::size_t size, void* to) noexcept {
    switch (size) {
    case 1:
        return store_integer<std::uint8_t>(digits, to);
    case 2:
        return store_integer<std::uint16_t>(digits, to);
    case 4:
        return store_integer<std::uint32_t>(digits, to);
    default:
        return store_integer<std::uint64_t>(digits, to);
    }
}

} // namespace

bool store_number(std::string_view digits, const json_type& type, void* to) noexcept {
    if (type.kind == json_kind::signed_integer) return store_signed(digits, type.size, to);
    if (type.kind == json_kind::unsigned_integer) return store_unsigned(digits, type.size, to);
    return type.size == sizeof(float) ? store_floating<float>(digits, to) : store_floating<double>(digits, to);
}

std::string expected_number(std::string_view digits, const json_type& type) {
    if (type.kind == json_kind::floating)
        return type.size == sizeof(float)
                   ? "number between -3.4e38 and 3.4e38"
                   : "number between -1.79e308 and 1.79e308";
    const bool whole = digits.find_first_of(".eE") == digits.npos;
    return whole ? "integer" + bounds_of(type) : "integer";
}

} // namespace weir::reflect::detail
