// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_number.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

// Number parsing for the quick reader. Each function takes the current position and returns the position after what it
// read, or null to give up.
namespace weir::reflect::detail {

/// The destination of a value.
struct slot {
    void* place;
    const json_type* type;
};

template<class Integer>
inline bool store(std::uint64_t magnitude, bool negative, void* to) noexcept {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
    if (std::unsigned_integral<Integer> && negative) return false;
    if (magnitude > most + (negative ? 1U : 0U)) return false;
    *static_cast<Integer*>(to) = static_cast<Integer>(negative ? 0 - magnitude : magnitude);
    return true;
}

template<class Tiny, class Small, class Middle, class Big>
inline bool store_sized(std::uint64_t magnitude, bool negative, slot to) noexcept {
    switch (to.type->size) {
    case 1:
        return store<Tiny>(magnitude, negative, to.place);
    case 2:
        return store<Small>(magnitude, negative, to.place);
    case 4:
        return store<Middle>(magnitude, negative, to.place);
    default:
        return store<Big>(magnitude, negative, to.place);
    }
}

// Reads digits and adds them to the number so far.
inline const char* take_digits(const char* p, std::uint64_t& number) noexcept {
    for (unsigned digit; (digit = static_cast<unsigned>(*p) - unsigned{'0'}) <= 9; ++p) number = number * 10 + digit;
    return p;
}

// Reads an integer part, which ends after a leading zero.
inline const char* take_number(const char* p, std::uint64_t& number) noexcept {
    return *p == '0' ? p + 1 : take_digits(p, number);
}

template<bool Signed>
inline const char* integer(const char* p, slot to) noexcept {
    const bool negative = *p == '-';
    const char* const start = p += negative;
    std::uint64_t magnitude = 0;
    p = take_number(p, magnitude);
    if (p == start || p - start > 19) return nullptr;
    const bool stored =
        Signed ? store_sized<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(magnitude, negative, to)
               : store_sized<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(magnitude, negative, to);
    return stored ? p : nullptr;
}

inline const char* exponent(const char* p, int& power) noexcept {
    const bool negative = *p == '-';
    if (negative || *p == '+') ++p;
    std::uint64_t magnitude = 0;
    const char* const end = take_digits(p, magnitude);
    if (end == p || end - p > 2) return nullptr;
    power += negative ? -static_cast<int>(magnitude) : static_cast<int>(magnitude);
    return end;
}

/// A number's digits without the point, and the power of ten to multiply them by.
struct decimal {
    std::uint64_t digits = 0;
    int power = 0;
    bool few = false; // all digits fit

    const char* rest(const char* start, const char* p) noexcept {
        auto count = p - start;
        if (*p == '.') {
            const char* const point = p++;
            p = take_digits(p, digits);
            if (p == point + 1 || p - start > 300) return nullptr;
            power = -static_cast<int>(p - point - 1);
            count -= power;
        }
        few = count <= 19;
        return *p == 'e' || *p == 'E' ? exponent(p + 1, power) : p;
    }
};

// The digits and the power of ten are both exact, so a single operation rounds correctly (Clinger, PLDI 1990).
template<class Floating>
inline bool store_exact(const decimal& number, bool negative, void* to) noexcept {
    constexpr int most_power = sizeof(Floating) == 4 ? 10 : 22;
    constexpr std::array<double, 23> powers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    constexpr auto most_digits = std::uint64_t{1} << std::numeric_limits<Floating>::digits;
    if (!number.few || number.digits > most_digits || number.power > most_power || number.power < -most_power)
        return false;
    const auto power = static_cast<Floating>(powers[static_cast<std::size_t>(std::abs(number.power))]);
    const auto digits = static_cast<Floating>(number.digits);
    const Floating magnitude = number.power < 0 ? digits / power : digits * power;
    *static_cast<Floating*>(to) = negative ? -magnitude : magnitude;
    return true;
}

inline bool store_floating(const decimal& number, bool negative, std::string_view digits, slot to) noexcept {
    const bool exact = to.type->size == sizeof(float) ? store_exact<float>(number, negative, to.place)
                                                      : store_exact<double>(number, negative, to.place);
    return exact || store_number(digits, *to.type, to.place);
}

// Reads a number from its sign on; discards it if there is no place to store it.
inline const char* floating(const char* p, slot to) noexcept {
    const char* const start = p;
    const bool negative = *p == '-';
    const char* const digits = p += negative;
    decimal found;
    p = take_number(p, found.digits);
    if (p == digits || p - digits > 19) return nullptr;
    p = found.rest(digits, p);
    if (p == nullptr || to.place == nullptr) return p;
    return store_floating(found, negative, {start, static_cast<std::size_t>(p - start)}, to) ? p : nullptr;
}

} // namespace weir::reflect::detail
