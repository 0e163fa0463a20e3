// SPDX-License-Identifier: MIT
#include <weir/reflect/duration_format.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace weir {

namespace {

struct unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

constexpr std::array<unit, 7> units{
    {{"d", 86'400'000'000'000},
     {"h", 3'600'000'000'000},
     {"m", 60'000'000'000},
     {"s", 1'000'000'000},
     {"ms", 1'000'000},
     {"us", 1'000},
     {"ns", 1}}};

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

// Returns the unit at the start of the text, preferring the longest name: "ms" over "m".
std::size_t find_unit(std::string_view text) noexcept {
    std::size_t found = units.size();
    for (std::size_t i = 0; i < units.size(); ++i) {
        const bool longer = found == units.size() || units[i].name.size() > units[found].name.size();
        if (text.starts_with(units[i].name) && longer) found = i;
    }
    return found;
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    if (text == "0") return std::chrono::nanoseconds{0};
    if (text.empty()) return {};
    std::int64_t total = 0;
    std::size_t next = 0; // the largest unit that may follow
    while (!text.empty()) {
        std::int64_t count = 0;
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (bad != std::errc{} || count < 0) return {};
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::size_t found = find_unit(text);
        if (found == units.size() || found < next) return {};
        if (count > (most - total) / units[found].nanoseconds) return {};
        total += count * units[found].nanoseconds;
        text.remove_prefix(units[found].name.size());
        next = found + 1;
    }
    return std::chrono::nanoseconds{total};
}

void append_duration(std::string& out, std::chrono::nanoseconds value) {
    // Unsigned, because the most negative value has no positive counterpart.
    auto left = static_cast<std::uint64_t>(value.count());
    if (value.count() < 0) {
        out += '-';
        left = ~left + 1;
    }
    if (left == 0) out += "0s";
    for (const auto& [name, size] : units) {
        const std::uint64_t count = left / static_cast<std::uint64_t>(size);
        left %= static_cast<std::uint64_t>(size);
        if (count != 0) out.append(std::to_string(count)).append(name);
    }
}

} // namespace weir
