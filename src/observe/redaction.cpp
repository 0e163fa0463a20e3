// SPDX-License-Identifier: MIT
#include "observe/redaction.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

char folded(char c) noexcept {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t letter(char c) noexcept { return static_cast<unsigned char>(folded(c)) & 31U; }

std::size_t last(std::string_view key) noexcept { return letter(key.back()); }

// No bit for a text of one letter.
std::uint32_t before_last(std::string_view key) noexcept {
    return key.size() < 2 ? 0 : 1U << letter(key[key.size() - 2]);
}

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
        // A name of one letter may stand at the end of any key.
        endings_[last(name)] |= name.size() < 2 ? ~0U : before_last(name);
        names_.push_back(std::move(name));
    }
}

bool redaction::hides(std::string_view key) const noexcept {
    if (key.empty()) return false;
    const std::uint32_t endings = endings_[last(key)];
    if (!(endings & before_last(key)) && endings != ~0U) return false;
    return std::ranges::any_of(names_, [key](const std::string& name) { return ends_in(key, name); });
}

} // namespace weir::detail
