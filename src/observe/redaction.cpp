// SPDX-License-Identifier: MIT
#include "observe/redaction.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

char folded(char c) noexcept {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint32_t letter_bit(char c) noexcept { return 1U << (static_cast<unsigned char>(folded(c)) & 31U); }

bool ends_in(std::string_view key, std::string_view name) noexcept {
    if (key.size() < name.size()) return false;
    const auto tail = key.substr(key.size() - name.size());
    const auto same = [](char a, char b) { return folded(a) == b; };
    if (!std::equal(tail.begin(), tail.end(), name.begin(), same)) return false;
    return key.size() == name.size() || folded(key[key.size() - name.size() - 1]) == '_';
}

} // namespace

redaction::redaction(const std::vector<std::string>& names) {
    for (std::string name : names) {
        if (name.empty()) continue;
        std::ranges::transform(name, name.begin(), folded);
        last_letters_ |= letter_bit(name.back());
        names_.push_back(std::move(name));
    }
}

bool redaction::hides(std::string_view key) const noexcept {
    if (key.empty() || !(last_letters_ & letter_bit(key.back()))) return false;
    return std::ranges::any_of(names_, [key](const std::string& name) { return ends_in(key, name); });
}

} // namespace weir::detail
