// SPDX-License-Identifier: MIT
#include "http/field/range.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace weir::http::detail {

namespace {

constexpr auto endless = std::numeric_limits<std::uint64_t>::max();

// Digits only; an overflowing number counts as endless.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
    if (digits.empty()) return {};
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return {};
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (endless - digit) / 10 ? endless : value * 10 + digit;
    }
    return value;
}

// `malformed` includes ranges that only the whole can answer.
enum class piece : std::uint8_t { malformed, outside, inside };

// The last bytes: `-500`.
piece read_suffix(std::string_view digits, std::uint64_t size, byte_range& out) noexcept {
    const auto length = parse_position(digits);
    if (!length) return piece::malformed;
    out.size = std::min(*length, size);
    out.first = size - out.size;
    if (out.size != 0) return piece::inside;
    // a suffix of an empty representation exists, but no Content-Range can describe it
    return *length != 0 ? piece::malformed : piece::outside;
}

piece read_range(std::string_view text, std::uint64_t size, byte_range& out) noexcept {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return piece::malformed;
    if (dash == 0) return read_suffix(text.substr(1), size, out);
    const auto first = parse_position(text.substr(0, dash));
    const auto last_digits = text.substr(dash + 1);
    const auto last = last_digits.empty() ? endless : parse_position(last_digits);
    if (!first || !last || *last < *first) return piece::malformed;
    if (*first >= size) return piece::outside;
    out.first = *first;
    out.size = std::min(*last, size - 1) - *first + 1;
    return piece::inside;
}

bool overlap(std::vector<byte_range> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto meet = [](const auto& a, const auto& b) { return b.first < a.end(); };
    return std::adjacent_find(ranges.begin(), ranges.end(), meet) != ranges.end();
}

} // namespace

range_request parse_range(std::string_view field, std::uint64_t size) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || !equal_no_case(field.substr(0, equals), "bytes")) return {};
    range_request asked;
    std::size_t count = 0;
    for (comma_list list(field.substr(equals + 1)); list.next(); ++count) {
        byte_range range;
        const auto read = read_range(list.element(), size, range);
        if (read == piece::malformed) return {};
        if (read == piece::inside && count < most_ranges) asked.ranges.push_back(range);
    }
    if (count == 0) return {};
    const bool refused = asked.ranges.empty() || count > most_ranges || overlap(asked.ranges);
    asked.verdict = refused ? range_verdict::unsatisfiable : range_verdict::partial;
    if (refused) asked.ranges.clear();
    return asked;
}

std::string content_range(byte_range range, std::uint64_t size) {
    return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.end() - 1) + "/" + std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

} // namespace weir::http::detail
